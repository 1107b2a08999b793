"""Callers who are slow at everything, all at once: others do not notice."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

import grpc
import pytest
from housing.v1.model_pb2 import ModelInfoRequest
from housing.v1.prediction_pb2 import (
    House,
    PredictBatchRequest,
    PredictRequest,
    PredictStreamRequest,
)

from tests.http2.frames import Connection, data, message
from tests.support.client import SECONDS, Client
from tests.support.examples import Example
from tests.support.health import SERVING, check
from tests.support.processes import serving
from tests.support.serving import connected
from tests.support.slow_callers import headers_only

HEADERS_ONLY, IDLE_STREAMS, NEVER_READING = 200, 50, 20
CALLERS = 4
NEEDED = 0.999
INITIAL_WINDOW = 4
HOUSE = PredictRequest(house=House(rm=6))
LARGE = PredictBatchRequest(items=[House(rm=6)] * 1000)
BATCH = "/housing.v1.PredictionService/PredictBatch"

FOR = [
    pytest.param(2, id="2 seconds"),
    pytest.param(60, id="a minute", marks=pytest.mark.chaos),
]


@dataclass
class Counted:
    """How the calls of one caller ended."""

    answered: int = 0
    failed: int = 0


def idle(ended: threading.Event) -> Iterator[PredictStreamRequest]:
    ended.wait(600)
    yield from ()


def never_reading(stack: ExitStack, port: int) -> None:
    """Asks for much, and takes nothing of the answer."""
    for _ in range(NEVER_READING):
        connection = stack.enter_context(Connection(port)).greet({INITIAL_WINDOW: 0}).agree()
        for stream in range(1, 9, 2):
            content = message(LARGE.SerializeToString())
            connection.send(connection.headers(stream, path=BATCH), data(stream, content))


def calls(port: int, until: float) -> Counted:
    """Predicts, asks for the model and for the health, one call after the other, at least once."""
    counted = Counted()
    with ExitStack() as stack:
        client = connected(stack, port)
        while True:
            for ask in (predict, info, health):
                try:
                    assert ask(client)
                    counted.answered += 1
                except grpc.RpcError:
                    counted.failed += 1
            if time.monotonic() >= until:
                return counted


def predict(client: Client) -> bool:
    return client.predictions.Predict(HOUSE, timeout=SECONDS).prediction > 0


def info(client: Client) -> bool:
    return bool(client.models.ModelInfo(ModelInfoRequest(), timeout=SECONDS).version)


def health(client: Client) -> bool:
    return check(client).status == SERVING


@pytest.mark.parametrize("seconds", FOR)
def test_200_headers_only_50_idle_streams_20_that_never_read(
    linear: Example, seconds: float
) -> None:
    # The batches that nobody reads are work, too: on a slow machine more than a second's.
    chosen = {"REQUEST_TIMEOUT_SECONDS": "5", "MAX_QUEUE_SECONDS": "60"}
    with serving(linear.folder, **chosen) as process, ExitStack() as stack:
        port, ended = int(process.event("server.serving")["port"]), threading.Event()
        stack.callback(ended.set)
        streams = connected(stack, port).predictions.PredictStream
        held = [streams(idle(ended), timeout=600) for _ in range(IDLE_STREAMS)]
        never_reading(stack, port)
        headers_only(stack, port, HEADERS_ONLY)
        until = time.monotonic() + seconds
        with ThreadPoolExecutor(CALLERS) as callers:
            found = list(callers.map(calls, [port] * CALLERS, [until] * CALLERS))
        for stream in held:
            stream.cancel()
        answered, failed = sum(x.answered for x in found), sum(x.failed for x in found)
        print(f"{answered} answered, {failed} failed")
        assert answered / (answered + failed) >= NEEDED
        assert process.popen.poll() is None
