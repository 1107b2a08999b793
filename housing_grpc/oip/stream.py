"""ModelStreamInfer: one request after the other; what is wrong with one costs that one alone."""

from collections.abc import Iterator
from typing import Any

import grpc
from grpc import StatusCode

from housing_grpc.base.errors import ServingError, public_error
from housing_grpc.bundle.errors import BundleError
from housing_grpc.oip.inference import Inference
from housing_grpc.oip.messages import ModelStreamInferResponse
from housing_grpc.oip.request import Attempt
from housing_grpc.services.open_streams import OpenStreams

_ENDED = (StatusCode.CANCELLED, StatusCode.DEADLINE_EXCEEDED)
_LONGEST_ERROR = 500


class InferStream:
    """Answers streams.

    Args:
        inference: Answers each request.
        streams: Those that are open.
    """

    def __init__(self, inference: Inference, streams: OpenStreams) -> None:
        self._inference = inference
        self._streams = streams

    def answer(self, requests: Iterator[Attempt], context: grpc.ServicerContext) -> Iterator[Any]:
        """Answers every request, in order.

        Raises:
            ServingError: The stream cannot go on; the reason says why.
        """
        with self._streams.opened(requests, context) as stream:
            while (request := stream.next()) is not None:
                answer = [self._answer(request, context)]
                # A stream that is quiet holds neither.
                del request
                yield answer.pop()

    def _answer(self, request: Attempt, context: grpc.ServicerContext) -> Any:
        if isinstance(request.asked, ServingError):
            return _failed(request, request.asked)
        try:
            answered = self._inference.answer_item(request.asked, context)
        except (ServingError, BundleError) as raised:
            error = public_error(raised)
            if error.code in _ENDED:
                raise
            return _failed(request, error)
        return ModelStreamInferResponse(infer_response=answered)


def _failed(request: Attempt, error: ServingError) -> Any:
    response = ModelStreamInferResponse(error_message=error.message[:_LONGEST_ERROR])
    told = response.infer_response
    told.id, told.model_name = request.id, request.model
    # The stream has no status for one request: the reason stands where there is room.
    told.parameters["reason"].string_param = error.reason
    told.parameters["code"].string_param = error.code.name
    return response
