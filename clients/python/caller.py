"""What both clients are: a connection to a server, and what goes with each call over it."""

from typing import Any, ClassVar

import grpc
from housing.v1.feedback_pb2_grpc import FeedbackServiceStub
from housing.v1.model_pb2_grpc import ModelServiceStub
from housing.v1.prediction_pb2_grpc import PredictionServiceStub

from . import connection
from .connection import Options, TlsChoice


class Caller:
    """Opens the connection.

    Args:
        target: Address, such as "localhost:50051" or "dns:///prices.example:443".
        api_key: Sent with each call; None for none.
        tls: True for encryption with the system's certificates, a `Tls` or
            credentials for others, False for none.
        options: More channel options of gRPC; they win over ours.
    """

    _grpc: ClassVar[Any] = grpc

    def __init__(
        self,
        target: str,
        *,
        api_key: str | None = None,
        tls: TlsChoice = False,
        options: Options = (),
    ) -> None:
        self._closed = False
        self._metadata = connection.metadata_of(api_key)
        self._channel = connection.open_channel(self._grpc, target, tls, options)
        self._predictions = PredictionServiceStub(self._channel)
        self._models = ModelServiceStub(self._channel)
        self._feedback = FeedbackServiceStub(self._channel)

    def _open_stream(self, messages: Any) -> Any:
        connection.check_open(closed=self._closed)
        return self._predictions.PredictStream(messages, metadata=self._metadata)
