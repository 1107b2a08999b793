"""Calls that many tests make, and the errors that many expect."""

from collections.abc import Callable
from typing import Any

from grpc import StatusCode
from housing.v1.model_pb2 import ModelInfoRequest, ModelInfoResponse
from housing.v1.prediction_pb2 import House, PredictRequest

from tests.support.client import SECONDS, Client, refusal
from tests.support.health import SERVING, check

HOUSE = PredictRequest(house=House(rm=6))
# More than a busy machine may keep the message of a good caller waiting.
PATIENCE = 3.0

SHOW_A_KEY = "send one valid key as 'x-api-key', or as 'authorization: Bearer KEY'"
UNAUTHENTICATED = refusal(StatusCode.UNAUTHENTICATED, "UNAUTHENTICATED", SHOW_A_KEY)
INTERNAL = refusal(
    StatusCode.INTERNAL, "INTERNAL", "internal error; the server's log has it by request id"
)


def raw(client: Client, method: str, data: bytes) -> Callable[[], object]:
    """Returns a call of bytes to a method."""
    call: Any = client.channel.unary_unary(method, None, None)
    return lambda: call(data, timeout=SECONDS)


def port_of(client: Client) -> int:
    """Returns the port of the server on loopback."""
    return int(client.address.rpartition(":")[2])


def info_of(client: Client) -> ModelInfoResponse:
    """Asks which model is live."""
    return client.models.ModelInfo(ModelInfoRequest(), timeout=SECONDS)


def others_are_served(client: Client, calls: int = 20) -> None:
    """Calls each service that often: all answer."""
    for _ in range(calls):
        assert client.predictions.Predict(HOUSE, timeout=SECONDS).prediction > 0
        assert info_of(client).version
        assert check(client).status == SERVING
