"""Small calls travel together where the server takes that, and alone where it does not."""

import gc
import socket
import struct
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import grpc
import pytest
from google.rpc.status_pb2 import Status
from housing.v1 import relay_pb2 as pb
from housing.v1.prediction_pb2 import PredictResponse
from housing.v1.relay_pb2_grpc import RelayServiceServicer, add_RelayServiceServicer_to_server

from tests.rest.answers import HOUSE, refused
from tests.rest.conftest import SECONDS, Start
from tests.rest.scripted import Scripted

ALONE, TOGETHER = 1.0, 2.0
Answer = Callable[[pb.RelayedCall], pb.RelayedAnswer]


def price(value: float) -> bytes:
    return PredictResponse(prediction=value).SerializeToString()


class Relaying(RelayServiceServicer):
    """Carries calls, and answers them as the test says."""

    def __init__(self, process: int = 0, processes: int = 0) -> None:
        self._whose = {"process": process, "processes": processes}
        self.answer: Answer = lambda _call: pb.RelayedAnswer(response=price(TOGETHER))
        self.sizes: list[int] = []
        self.streams = 0
        self.contexts: list[grpc.ServicerContext] = []

    def Relay(self, request_iterator: Any, context: grpc.ServicerContext) -> Iterator[Any]:  # noqa: N802
        self.streams += 1
        self.contexts.append(context)
        for message in request_iterator:
            self.sizes.append(len(message.calls))
            yield pb.RelayResponse(answers=map(self.answer, message.calls), **self._whose)


@contextmanager
def serving(relaying: Relaying, alone: Scripted, beside: str = "") -> Iterator[str]:
    """Serves relays, and all else as the scripted server does; perhaps on the port of others."""
    server = grpc.server(ThreadPoolExecutor(32), options=(("grpc.so_reuseport", 1),))
    add_RelayServiceServicer_to_server(relaying, server)
    server.add_generic_rpc_handlers((alone,))
    port = server.add_insecure_port(beside or "127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(0).wait()


@pytest.fixture
def relaying() -> Relaying:
    return Relaying()


@pytest.fixture
def target(relaying: Relaying, scripted: Scripted, stack: ExitStack) -> str:
    scripted.answer = lambda _data, _context: price(ALONE)
    return stack.enter_context(serving(relaying, scripted))


def together(client: Any) -> None:
    """Waits until calls travel together."""
    while client.post("/predict", json=HOUSE).json()["prediction"] != TOGETHER:
        pass


def test_calls_that_are_there_at_once_share_a_message(
    relaying: Relaying, target: str, start: Start
) -> None:
    client = start(target)
    together(client)
    with ThreadPoolExecutor(32) as pool:
        while max(relaying.sizes) < 2:
            answers = pool.map(lambda _: client.post("/predict", json=HOUSE), range(32))
            assert {each.json()["prediction"] for each in answers} == {TOGETHER}


def test_a_stream_makes_room_for_another_one(relaying: Relaying, target: str, start: Start) -> None:
    client = start(target)
    together(client)
    for _ in range(200):
        assert client.post("/predict", json=HOUSE).json()["prediction"] == TOGETHER
    assert relaying.streams > 3


def test_a_stream_that_ended_while_nobody_asked(
    relaying: Relaying, target: str, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    client = start(target)
    together(client)
    before = relaying.streams
    for context in relaying.contexts:
        context.cancel()
    while relaying.streams < before + 2:
        assert client.post("/predict", json=HOUSE).json()["prediction"] in (ALONE, TOGETHER)
    gc.collect()
    assert [each.getMessage() for each in caplog.records if each.name == "asyncio"] == []


def test_each_process_of_a_server_has_a_lane(
    scripted: Scripted, start: Start, stack: ExitStack
) -> None:
    processes = [Relaying(number, 3) for number in range(1, 4)]
    target = ""
    for each in processes:
        target = stack.enter_context(serving(each, scripted, target))
    client, calls = start(target), 0
    together(client)
    # As connections fall, that fails in one case of five thousand.
    while not all(any(each.sizes) for each in processes):
        assert client.post("/predict", json=HOUSE).json()["prediction"] == TOGETHER
        calls += 1
        assert calls < 5000, [len(each.sizes) for each in processes]


def test_a_call_that_takes_long_goes_alone(target: str, start: Start) -> None:
    client = start(target)
    together(client)
    asked = client.post("/predict?explain=true", json=HOUSE)
    assert asked.json()["prediction"] == ALONE
    large = client.post("/predict", json=HOUSE, params={"routing_key": "k" * 4096})
    assert large.json()["prediction"] == ALONE


def test_an_error_is_the_callers(relaying: Relaying, target: str, start: Start) -> None:
    client = start(target)
    together(client)
    status = Status(code=grpc.StatusCode.PERMISSION_DENIED.value[0], message="not for this key")
    relaying.answer = lambda _call: pb.RelayedAnswer(error=status)
    response = client.post("/predict", json=HOUSE)
    assert (response.status_code, response.json()["error"]["message"]) == (403, status.message)


def test_what_was_on_its_way_when_a_lane_ended_goes_alone(
    relaying: Relaying, target: str, start: Start
) -> None:
    client = start(target)
    together(client)

    def fail(_call: pb.RelayedCall) -> pb.RelayedAnswer:
        raise RuntimeError("the lane ends")

    relaying.answer = fail
    for _ in range(5):
        assert client.post("/predict", json=HOUSE).json()["prediction"] == ALONE
    relaying.answer = lambda _call: pb.RelayedAnswer(response=price(TOGETHER))
    # It comes back.
    together(client)


def test_what_is_neither_an_answer_nor_an_error_goes_alone(
    relaying: Relaying, target: str, start: Start
) -> None:
    client = start(target)
    together(client)
    relaying.answer = lambda _call: pb.RelayedAnswer()
    assert client.post("/predict", json=HOUSE).json()["prediction"] == ALONE


def test_a_server_that_does_not_answer_in_time(
    relaying: Relaying, target: str, start: Start, stack: ExitStack, scripted: Scripted
) -> None:
    client = start(target, api_timeout_seconds=1.0)
    together(client)
    stack.callback(scripted.ended.set)

    def hang(_call: pb.RelayedCall) -> pb.RelayedAnswer:
        scripted.ended.wait(SECONDS)
        return pb.RelayedAnswer(response=price(TOGETHER))

    scripted.ended.clear()
    relaying.answer = hang
    assert refused(client.post("/predict", json=HOUSE)) == (504, "BACKEND_TIMEOUT", [])


def test_a_caller_that_hangs_up_costs_the_others_nothing(
    relaying: Relaying, target: str, start: Start, scripted: Scripted
) -> None:
    client = start(target)
    together(client)
    held = scripted.called
    held.clear()
    scripted.ended.clear()

    def wait(call: pb.RelayedCall) -> pb.RelayedAnswer:
        held.set()
        scripted.ended.wait(SECONDS)
        return pb.RelayedAnswer(response=price(TOGETHER))

    relaying.answer = wait
    body = b'{"RM": 6}'
    with socket.create_connection(("127.0.0.1", client.base_url.port or 0)) as caller:
        kind = f"content-type: application/json\r\ncontent-length: {len(body)}"
        caller.sendall(
            f"POST /predict HTTP/1.1\r\nhost: localhost\r\n{kind}\r\n\r\n".encode() + body
        )
        assert held.wait(SECONDS)
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    counted = 'http_requests_total{code="499",method="POST",route="/predict"} 1.0'
    while counted not in client.get("/metrics").text:
        pass
    scripted.ended.set()
    assert client.post("/predict", json=HOUSE).json()["prediction"] == TOGETHER
