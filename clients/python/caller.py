"""A connection to a server, and how calls are made over it."""

from collections.abc import Callable
from typing import Any, Self

import grpc
from housing.v1.model_pb2_grpc import ModelServiceStub
from housing.v1.prediction_pb2_grpc import PredictionServiceStub

from . import connection
from .connection import Options, TlsChoice
from .failure import error_of


class Caller:
    """Makes calls; safe to use from many threads.

    Args:
        target: Address, such as "localhost:50051" or "dns:///prices.example:443".
        api_key: Sent with each call; None for none.
        tls: True for encryption with the system's certificates, a `Tls` or
            credentials for others, False for none.
        options: More channel options of gRPC; they win over ours.
    """

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
        self._channel = connection.open_channel(target, tls, options)
        self._predictions = PredictionServiceStub(self._channel)
        self._models = ModelServiceStub(self._channel)

    def close(self) -> None:
        """Closes the connection; calls under way are cancelled."""
        self._closed = True
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open_stream(self, messages: Any) -> Any:
        connection.check_open(closed=self._closed)
        return self._predictions.PredictStream(messages, metadata=self._metadata)

    def _call(self, method: Callable[..., Any], request: Any, timeout: float) -> Any:
        connection.check_open(closed=self._closed)
        try:
            return method(request, timeout=timeout, metadata=self._metadata)
        except grpc.RpcError as error:
            raise error_of(error) from None
