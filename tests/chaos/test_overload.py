"""Three times the callers that the server can answer: each is answered, or told to come back."""

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from grpc_status import rpc_status
from housing.v1.prediction_pb2 import House, PredictBatchRequest

from tests.support.examples import Example
from tests.support.health import SERVING, check
from tests.support.processes import serving
from tests.support.serving import connected

pytestmark = pytest.mark.chaos

WORKERS, QUEUE = 2, 8
# Whoever has no worker and no place in the queue is one too many.
SATURATING = WORKERS + QUEUE
CALLERS = 3 * SATURATING
SECONDS = 20.0
DEADLINE = 60.0
# Some hundredths of a second of work.
REQUEST = PredictBatchRequest(items=[House(rm=6)] * 100)


def delay_of(error: grpc.RpcError) -> float:
    """Returns how long the server asks to wait, which it has to tell."""
    status: Any = rpc_status.from_call(error)  # type: ignore[arg-type]
    retry = RetryInfo()
    assert any(detail.Unpack(retry) for detail in status.details)
    return float(retry.retry_delay.ToMilliseconds()) / 1000


def calls(port: int, until: float) -> Counter[str]:
    """Asks again and again, waiting when it is told to; counts how the calls ended."""
    counted: Counter[str] = Counter()
    with ExitStack() as stack:
        client = connected(stack, port)
        while time.monotonic() < until:
            try:
                client.predictions.PredictBatch(REQUEST, timeout=DEADLINE)
                counted["OK"] += 1
            except grpc.RpcError as error:
                found: Any = error
                counted[found.code().name] += 1
                if found.code() is grpc.StatusCode.RESOURCE_EXHAUSTED:
                    time.sleep(delay_of(error))
    return counted


def probes(port: int, ended: threading.Event) -> int:
    """Asks for the health; every answer has to be that it serves."""
    answered = 0
    with ExitStack() as stack:
        client = connected(stack, port)
        while not ended.wait(0.05):
            assert check(client).status == SERVING
            answered += 1
    return answered


def test_three_times_saturation(forest: Example) -> None:
    limits = {"GRPC_WORKERS": str(WORKERS), "MAX_QUEUED_CALLS": str(QUEUE)}
    with serving(forest.folder, **limits) as process, ThreadPoolExecutor(CALLERS + 2) as pool:
        port, ended = int(process.event("server.serving")["port"]), threading.Event()
        # Every refusal is a line of its log: a full pipe would stop the server.
        pool.submit(list, process.popen.stderr or ())
        health = pool.submit(probes, port, ended)
        until = time.monotonic() + SECONDS
        callers = [pool.submit(calls, port, until) for _ in range(CALLERS)]
        try:
            # None hangs: a caller ends at its last call's deadline, at the latest.
            counted = sum((caller.result(SECONDS + DEADLINE) for caller in callers), Counter[str]())
        finally:
            ended.set()
        print(dict(counted), health.result())
        assert set(counted) == {"OK", "RESOURCE_EXHAUSTED"}
        assert health.result() > 0
        assert process.popen.poll() is None
        process.popen.terminate()
