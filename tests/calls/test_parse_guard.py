"""Large messages are read one at a time: together they would take many times their bytes."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from housing.v1.prediction_pb2 import House, PredictBatchRequest

from housing_grpc.houses import decode
from tests.support.calls import HOUSE
from tests.support.client import SECONDS
from tests.support.examples import Example
from tests.support.serving import Serve

LARGE = PredictBatchRequest(items=[House(rm=6)] * 7000)


def test_large_messages_are_read_one_at_a_time(
    serve: Serve, linear: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, most, lock = 0, 0, threading.Lock()
    read = decode.read_batch

    def slowly(data: bytes, **given: Any) -> Any:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        # Long enough for the others to come.
        time.sleep(0.05)
        with lock:
            inside -= 1
        return read(data, **given)

    monkeypatch.setattr(decode, "read_batch", slowly)
    client = serve(linear.folder, grpc_workers=4)
    with ThreadPoolExecutor(4) as pool:
        calls = [
            pool.submit(client.predictions.PredictBatch, LARGE, timeout=SECONDS) for _ in range(4)
        ]
        assert client.predictions.Predict(HOUSE, timeout=SECONDS).prediction
        assert [len(each.result().results) for each in calls] == [7000] * 4
    assert most == 1
