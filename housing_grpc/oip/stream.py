"""ModelStreamInfer: one request after the other; what is wrong with one costs that one alone."""

from collections.abc import Iterator
from typing import Any

import grpc
from grpc import StatusCode

from housing_grpc.base.errors import ServingError, public_error
from housing_grpc.bundle.errors import BundleError
from housing_grpc.oip import request
from housing_grpc.oip.inference import Inference
from housing_grpc.oip.messages import ModelStreamInferResponse
from housing_grpc.services.open_streams import OpenStreams

_ENDED = (StatusCode.CANCELLED, StatusCode.DEADLINE_EXCEEDED)
_LONGEST_ERROR = 500


class InferStream:
    """Answers streams.

    Args:
        inference: Answers each request.
        streams: Those that are open.
        most_rows: Of one request.
    """

    def __init__(self, inference: Inference, streams: OpenStreams, *, most_rows: int) -> None:
        self._inference = inference
        self._streams = streams
        self._most_rows = most_rows

    def answer(self, requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[Any]:
        """Answers every request, in order.

        Raises:
            ServingError: The stream cannot go on; the reason says why.
        """
        with self._streams.opened(requests, context) as stream:
            while (data := stream.next()) is not None:
                answer = [self._answer(data, context)]
                # A stream that is quiet holds neither.
                del data
                yield answer.pop()

    def _answer(self, data: bytes, context: grpc.ServicerContext) -> Any:
        message = None
        try:
            message = request.parse(data)
            asked = request.read(message, self._most_rows)
            answered = self._inference.answer_item(asked, context)
        except (ServingError, BundleError) as raised:
            error = public_error(raised)
            if error.code in _ENDED:
                raise
            return _failed(error, message)
        return ModelStreamInferResponse(infer_response=answered)


def _failed(error: ServingError, message: Any) -> Any:
    response = ModelStreamInferResponse(error_message=error.message[:_LONGEST_ERROR])
    told = response.infer_response
    if message is not None:
        told.id, told.model_name = message.id, message.model_name
    # The stream has no status for one request: the reason stands where there is room.
    told.parameters["reason"].string_param = error.reason
    told.parameters["code"].string_param = error.code.name
    return response
