"""ModelService: tells about the live model, and changes it."""

from typing import Protocol

import grpc
from housing.v1 import model_pb2

from housing_grpc.model.live import Models
from housing_grpc.model.reload_manager import DryRun, Reloaded
from housing_grpc.model.source import Target
from housing_grpc.services import model_messages


class Reloads(Protocol):
    """Changes the live model, here and wherever else it serves."""

    def reload(self, target: Target) -> Reloaded:
        """Makes the wanted model live; on any error the old one goes on serving."""
        ...

    def dry_run(self, target: Target) -> DryRun:
        """Says what that would do."""
        ...

    def rollback(self) -> Reloaded:
        """Makes the model before live again, which is still in memory."""
        ...

    def model_failed(self, generation: int) -> None:
        """Takes note that the model of a generation gave what is no price; does not wait."""
        ...


class ModelServicer:
    """Tells about the live model, and changes it.

    Args:
        models: Where the live model is.
        reloads: Changes it.
        explain_seconds: Most processor time to explain the prices of one call.
    """

    def __init__(self, models: Models, reloads: Reloads, *, explain_seconds: float) -> None:
        self._models = models
        self._reloads = reloads
        self._explain_seconds = explain_seconds

    def ModelInfo(
        self, request: model_pb2.ModelInfoRequest, context: grpc.ServicerContext
    ) -> model_pb2.ModelInfoResponse:
        """Tells all about the model that is live."""
        return model_messages.encode_info(self._models.current(), self._explain_seconds)

    def ReloadModel(
        self, request: model_pb2.ReloadModelRequest, context: grpc.ServicerContext
    ) -> model_pb2.ReloadModelResponse:
        """Makes another version live, without dropping a call; or says what that would do."""
        target = model_messages.decode_target(request)
        if request.dry_run:
            return model_messages.encode_dry_run(self._reloads.dry_run(target))
        return model_messages.encode_reloaded(self._reloads.reload(target))

    def RollbackModel(
        self, request: model_pb2.RollbackModelRequest, context: grpc.ServicerContext
    ) -> model_pb2.RollbackModelResponse:
        """Makes the model before live again, without dropping a call."""
        return model_messages.encode_rolled_back(self._reloads.rollback())
