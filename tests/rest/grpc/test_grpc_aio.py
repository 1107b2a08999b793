"""What the proxy relies on, or works around, in grpc.aio, where it is documented nowhere."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import grpc
import grpc.aio
import pytest
from google.rpc.code_pb2 import Code
from google.rpc.status_pb2 import Status

from housing_grpc.rest.http import status
from housing_grpc.rest.http.errors import Reason
from housing_grpc.rest.stream import resuming
from tests.rest.conftest import SECONDS

# It happens in most of the calls.
TRIES = 300
MOST_BYTES = 1000
REFUSE, TAKE = "/any.Service/Refuse", "/any.Service/Take"


class Handler(grpc.GenericRpcHandler):
    """Takes messages, and ends every stream at once.

    Attributes:
        refused: Released with every stream that has ended.
    """

    def __init__(self) -> None:
        self.refused = threading.Semaphore(0)

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        if details.method == TAKE:
            return grpc.unary_unary_rpc_method_handler(lambda data, _: data)
        return grpc.stream_stream_rpc_method_handler(self._refuse)

    def _refuse(self, _: Iterator[bytes], context: grpc.ServicerContext) -> Any:
        context.add_callback(self.refused.release)
        context.abort(grpc.StatusCode.UNAVAILABLE, "ended")


@pytest.fixture
def handler() -> Handler:
    return Handler()


@pytest.fixture
def target(handler: Handler) -> Iterator[str]:
    options = (("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", MOST_BYTES))
    server = grpc.server(ThreadPoolExecutor(2), [handler], options=options)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None).wait()


async def _status(call: Any) -> Status:
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return status.of_call(error)
    raise AssertionError("the call has not failed")


def test_a_write_may_put_internal_in_the_place_of_what_the_server_said(
    handler: Handler, target: str
) -> None:
    async def written_to(channel: grpc.aio.Channel) -> Status:
        call: Any = channel.stream_stream(REFUSE)()
        await asyncio.sleep(0)
        # What the server says arrives meanwhile, and is not looked at before something is written.
        assert handler.refused.acquire(timeout=SECONDS)
        with suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
            await call.write(b"x")
        return await _status(call.read())

    async def first_lost() -> Status:
        async with grpc.aio.insecure_channel(target) as channel:
            for _ in range(TRIES):
                found = await written_to(channel)
                if found.code != Code.UNAVAILABLE:
                    return found
        raise AssertionError("the status is what the server said: _is_lost is not needed any more")

    found = asyncio.run(first_lost())
    assert (found.code, status.reason_of(found)) == (Code.INTERNAL, Reason.BACKEND_FAILED)
    assert resuming._is_lost(found)  # noqa: SLF001


def test_a_message_over_the_limit_is_told_from_an_overload_by_its_text(target: str) -> None:
    async def ask() -> Status:
        async with grpc.aio.insecure_channel(target) as channel:
            take: Any = channel.unary_unary(TAKE)
            return await _status(take(bytes(MOST_BYTES + 1)))

    found = asyncio.run(ask())
    assert found.code == Code.RESOURCE_EXHAUSTED
    assert status.reason_of(found) == Reason.PAYLOAD_TOO_LARGE
