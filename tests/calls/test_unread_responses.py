"""Answers that nobody takes: a window of no byte keeps them in the server."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from housing.v1.prediction_pb2 import (
    House,
    HouseRows,
    PredictBatchRequest,
    PredictStreamRequest,
)
from hyperframe.frame import SettingsFrame

from tests.http2.frames import PREDICT, Connection, data, message
from tests.support.calls import HOUSE, port_of
from tests.support.client import Client
from tests.support.examples import Example
from tests.support.health import SERVING, check
from tests.support.serving import Serve
from tests.support.waiting import until

HEALTH = "/grpc.health.v1.Health"
CONTENTS = {
    PREDICT: HOUSE.SerializeToString(),
    "/housing.v1.PredictionService/PredictBatch": PredictBatchRequest(
        items=[House(rm=6)]
    ).SerializeToString(),
    "/housing.v1.ModelService/ModelInfo": b"",
    f"{HEALTH}/Check": b"",
    f"{HEALTH}/List": b"",
}
FOR_EVER = 3600.0


@contextmanager
def unread(client: Client, path: str, count: int) -> Iterator[Connection]:
    """Makes calls, and takes none of their answers."""
    with Connection(port_of(client)) as connection:
        connection.greet({SettingsFrame.INITIAL_WINDOW_SIZE: 0}).agree()
        for stream in range(1, 2 * count, 2):
            content = data(stream, message(CONTENTS[path]))
            connection.send(connection.headers(stream, path=path), content)
        yield connection


@pytest.mark.parametrize("path", CONTENTS)
def test_it_is_not_kept_for_ever(
    serve: Serve, linear: Example, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr("housing_grpc.calls.health._PATIENCE_SECONDS", 0.5)
    client = serve(linear.folder, request_timeout_seconds=0.5)
    with unread(client, path, 3) as connection:
        for stream in (1, 3, 5):
            assert connection.listen(stream).status(stream) == "reset"
    assert check(client).status == SERVING


@pytest.mark.parametrize("path", [PREDICT, f"{HEALTH}/Check"])
def test_of_too_many_the_oldest_goes(
    serve: Serve, linear: Example, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr("housing_grpc.calls.call_pool._MOST_UNREAD", 2)
    monkeypatch.setattr("housing_grpc.calls.health._PATIENCE_SECONDS", FOR_EVER)
    client = serve(linear.folder, request_timeout_seconds=FOR_EVER, grpc_workers=1)
    with unread(client, path, 5) as connection:
        for stream in (1, 3, 5):
            assert connection.listen(stream).status(stream) == "reset"
        assert connection.heard.status(7) == connection.heard.status(9) == ""


def test_of_too_many_bytes_the_oldest_goes(
    serve: Serve, linear: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of batches, whose houses are all refused at length, and of streams of such chunks."""
    monkeypatch.setattr("housing_grpc.calls.unread_responses._MOST_BYTES", 2**19)
    # Nothing else ends one of the two.
    limits = {"request_timeout_seconds": FOR_EVER, "stream_idle_seconds": FOR_EVER}
    client = serve(linear.folder, grpc_workers=1, **limits)
    bad = [House(rm=float("inf"), lstat=float("inf"))] * 1000
    batch = PredictBatchRequest(items=bad).SerializeToString()
    chunk = PredictStreamRequest(rows=HouseRows(items=bad)).SerializeToString()
    with Connection(port_of(client)) as connection:
        connection.greet({SettingsFrame.INITIAL_WINDOW_SIZE: 0}).agree()
        for stream, (name, content) in enumerate(
            (("PredictBatch", batch), ("PredictStream", chunk))
        ):
            path = f"/housing.v1.PredictionService/{name}"
            connection.send(connection.headers(2 * stream + 1, path=path))
            connection.fill(2 * stream + 1, message(content))
        # As soon as both are made, whichever was first has to go, and it alone.
        until(lambda: "reset" in ended(connection))
        connection.listen(seconds=0.2)
        assert sorted(ended(connection)) == ["", "reset"]
    assert client.predictions.Predict(HOUSE, timeout=60).prediction > 0


def ended(connection: Connection) -> list[str]:
    heard = connection.listen(seconds=0.05)
    return [heard.status(stream) for stream in (1, 3)]
