"""Callers that keep their message back hold nobody else up."""

import threading
from contextlib import ExitStack

import pytest

from housing_grpc.calls.call_pool import CallPool
from tests.http2.frames import PREDICT
from tests.support.calls import PATIENCE, others_are_served, port_of
from tests.support.client import SECONDS
from tests.support.examples import Example
from tests.support.serving import Serve
from tests.support.slow_callers import CANCELLED, headers_only
from tests.support.waiting import until

MODEL_INFO = "/housing.v1.ModelService/ModelInfo"
CHECK = "/grpc.health.v1.Health/Check"
MANY = 2000


def threads(name: str) -> set[threading.Thread]:
    """Gives the threads of that name, so that those of earlier servers can be told from others."""
    return {thread for thread in threading.enumerate() if thread.name == name}


@pytest.fixture
def patient_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Probes without a message are not ended while a test lasts."""
    monkeypatch.setattr("housing_grpc.calls.health._PATIENCE_SECONDS", 600.0)


@pytest.mark.usefixtures("patient_probes")
@pytest.mark.parametrize(
    ("path", "pool", "calls"),
    [
        ("/housing.v1.PredictionService/Predict", "predict", 200),
        ("/housing.v1.PredictionService/PredictBatch", "predict", 200),
        (MODEL_INFO, "model", 200),
        (CHECK, "health", 60),
    ],
)
def test_calls_of_headers_only(
    serve: Serve, linear: Example, path: str, pool: str, calls: int
) -> None:
    before = threads(pool)
    client = serve(linear.folder, grpc_workers=2, request_timeout_seconds=600)
    own = threads(pool) - before
    with ExitStack() as stack:
        slow = headers_only(stack, port_of(client), calls, path=path)
        others_are_served(client)
        for connection, streams in slow:
            heard = connection.listen(seconds=0.05)
            assert [heard.status(stream) for stream in streams] == [""] * len(streams)
    # Their connections are closed: nothing of them stays.
    until(lambda: threads(pool) - before == own)
    others_are_served(client, calls=1)


def test_calls_of_headers_only_are_ended(serve: Serve, linear: Example, stack: ExitStack) -> None:
    before = threads("predict")
    client = serve(linear.folder, grpc_workers=2, request_timeout_seconds=PATIENCE)
    own = threads("predict") - before
    slow = headers_only(stack, port_of(client), 200)
    for connection, streams in slow:
        heard = [connection.listen(stream).headers[stream] for stream in streams]
        assert [each["grpc-status"] for each in heard] == [CANCELLED] * len(streams)
    until(lambda: threads("predict") - before == own)
    others_are_served(client, calls=1)


def test_probes_of_headers_only(serve: Serve, linear: Example, stack: ExitStack) -> None:
    client = serve(linear.folder)
    headers_only(stack, port_of(client), MANY, path=CHECK, connections=10)
    others_are_served(client, calls=3)


@pytest.mark.usefixtures("patient_probes")
@pytest.mark.parametrize(("path", "module"), [(PREDICT, "call_pool"), (CHECK, "health")])
def test_the_oldest_of_too_many_waits_gives_way(
    serve: Serve,
    linear: Example,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    module: str,
    *,
    stack: ExitStack,
) -> None:
    monkeypatch.setattr(f"housing_grpc.calls.{module}._MOST_WAITING", 40)
    client = serve(linear.folder, request_timeout_seconds=600)
    [(connection, streams)] = headers_only(stack, port_of(client), 50, path=path, connections=1)
    ended = [connection.listen(stream).headers[stream] for stream in streams[:10]]
    assert [each["grpc-status"] for each in ended] == [CANCELLED] * 10
    heard = connection.listen(seconds=0.2)
    assert [heard.status(stream) for stream in streams[10:]] == [""] * 40
    others_are_served(client, calls=3)


def test_a_worker_outlives_whatever_a_call_raises() -> None:
    pool, done = (
        CallPool(1, patience_seconds=1, name="robust", threadless_waits=True),
        threading.Event(),
    )

    def broken() -> None:
        raise SystemExit

    pool.submit(broken)
    pool.submit(done.set)
    assert done.wait(SECONDS)
    pool.shutdown()
    until(lambda: not threads("robust"))


def test_what_is_queued_is_done_before_the_threads_end() -> None:
    pool = CallPool(2, patience_seconds=1, name="ending", threadless_waits=True)
    done: list[int] = []
    for number in range(100):
        pool.submit(done.append, number)
    pool.shutdown()
    until(lambda: not threads("ending"))
    assert sorted(done) == list(range(100))


def test_a_call_can_expect_to_wait_as_long_as_those_before_it_take() -> None:
    now, busy, go_on = 0.0, threading.Event(), threading.Event()

    def work() -> None:
        nonlocal now
        now += 0.01

    def hold() -> None:
        busy.set()
        assert go_on.wait(SECONDS)

    pool = CallPool(1, patience_seconds=60, name="test", threadless_waits=True, clock=lambda: now)
    try:
        assert pool.queue() == (0, 0)
        for _ in range(60):
            pool.submit(work)
        pool.submit(hold)
        assert busy.wait(SECONDS)
        assert pool.queue() == (0, 0)
        for _ in range(100):
            pool.submit(work)
        # Each took 10 ms, and the mean of the last ones comes near to that from 0.
        queued, wait = pool.queue()
        assert queued == 100
        assert wait == pytest.approx(100 * 0.01 * (1 - 0.95**60))
    finally:
        go_on.set()
        pool.shutdown(wait=False)
