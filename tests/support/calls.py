"""Calls that no generated client makes, and the errors that many tests expect."""

from collections.abc import Callable
from typing import Any

from grpc import StatusCode

from tests.server.wire import SECONDS, Client, refusal

SHOW_A_KEY = "send one valid key as 'x-api-key', or as 'authorization: Bearer KEY'"
UNAUTHENTICATED = refusal(StatusCode.UNAUTHENTICATED, "UNAUTHENTICATED", SHOW_A_KEY)
INTERNAL = refusal(
    StatusCode.INTERNAL, "INTERNAL", "internal error; the server's log has it by request id"
)


def raw(client: Client, method: str, data: bytes) -> Callable[[], object]:
    """Returns a call of bytes to a method."""
    call: Any = client.channel.unary_unary(method, None, None)
    return lambda: call(data, timeout=SECONDS)
