"""The rpcs of the protocol that are served."""

from collections.abc import Callable, Iterator
from typing import Any

import grpc

from housing_grpc.base.errors import Reason
from housing_grpc.model.live import LiveSlot
from housing_grpc.oip import metadata
from housing_grpc.oip.inference import Inference
from housing_grpc.oip.messages import (
    ModelReadyResponse,
    ServerLiveResponse,
    ServerReadyResponse,
)
from housing_grpc.oip.refusals import refusal
from housing_grpc.oip.request import Attempt, InferRequest
from housing_grpc.oip.stream import InferStream
from housing_grpc.services.open_streams import OpenStreams
from housing_grpc.services.scorer import Scorer

Context = grpc.ServicerContext


class InferenceServicer:
    """Answers clients of the Open Inference Protocol.

    Args:
        models: Where the live model is.
        scorer: Scores the houses.
        streams: Those that are open.
        is_serving: Returns whether prices can be had.
        most_rows: Of one request.
    """

    def __init__(
        self,
        models: LiveSlot,
        scorer: Scorer,
        streams: OpenStreams,
        *,
        is_serving: Callable[[], bool],
        most_rows: int,
    ) -> None:
        self._models = models
        self._is_serving = is_serving
        self._most_rows = most_rows
        self._inference = Inference(models, scorer)
        self._stream = InferStream(self._inference, streams)

    def ServerLive(self, request: Any, context: Context) -> Any:
        """Says that the process answers."""
        return ServerLiveResponse(live=True)

    def ServerReady(self, request: Any, context: Context) -> Any:
        """Says whether prices can be had."""
        return ServerReadyResponse(ready=self._is_serving())

    def ModelReady(self, request: Any, context: Context) -> Any:
        """Says whether prices can be had of one model."""
        live = self._models.live()
        if live is not None:
            metadata.check_named(live, request.name, request.version)
        return ModelReadyResponse(ready=self._is_serving())

    def ServerMetadata(self, request: Any, context: Context) -> Any:
        """Tells name and version of the server."""
        return metadata.server()

    def ModelMetadata(self, request: Any, context: Context) -> Any:
        """Tells the tensors that the live model takes and gives."""
        live = self._models.current()
        metadata.check_named(live, request.name, request.version)
        return metadata.model(live)

    def ModelConfig(self, request: Any, context: Context) -> Any:
        """Tells what Triton would call the configuration of the live model."""
        live = self._models.current()
        metadata.check_named(live, request.name, request.version)
        return metadata.config(live, self._most_rows)

    def RepositoryIndex(self, request: Any, context: Context) -> Any:
        """Lists the live model."""
        if request.repository_name:
            raise refusal(
                Reason.INVALID_PARAMETER,
                "repository_name",
                "there is one repository, which has no name; leave it empty",
            )
        return metadata.index(self._models.live())

    def ModelInfer(self, request: InferRequest, context: Context) -> Any:
        """Predicts the prices of houses, all with the same model."""
        return self._inference.answer(request, context)

    def ModelStreamInfer(
        self, request_iterator: Iterator[Attempt], context: Context
    ) -> Iterator[Any]:
        """Does so for any number of requests."""
        return self._stream.answer(request_iterator, context)
