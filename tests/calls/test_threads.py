"""On which thread each call runs, as grpcio documents it nowhere."""

import threading
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from grpc_reflection.v1alpha.reflection import ReflectionServicer
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest
from housing.v1.model_pb2 import ModelInfoRequest, ReloadModelRequest
from housing.v1.prediction_pb2 import House, PredictBatchRequest, PredictStreamRequest

from housing_grpc.calls.admission import Admission
from housing_grpc.calls.call_end import CallEnd
from housing_grpc.calls.health import Health
from housing_grpc.services.model_service import ModelServicer
from housing_grpc.services.prediction_service import PredictionServicer
from tests.support.calls import HOUSE
from tests.support.client import SECONDS, Client, failure
from tests.support.examples import Example
from tests.support.health import SERVING, check, watch
from tests.support.reflection import PACKAGES, asked
from tests.support.serving import Serve

Threads = dict[str, set[threading.Thread]]

# Method and the pool whose threads run it.
POOLS = {
    "Predict": "predict", "PredictBatch": "predict", "PredictStream": "stream",
    "ModelInfo": "model", "ReloadModel": "model", "_answer": "health", "_watch": "health",
    "ServerReflectionInfo": "reflection",
}  # fmt: skip


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Threads:
    """The threads on which each method ran, by its name."""
    found: Threads = defaultdict(set)

    def note(owner: type, name: str) -> None:
        inner = getattr(owner, name)

        def noted(*given: Any, **named: Any) -> Any:
            found[name].add(threading.current_thread())
            return inner(*given, **named)

        monkeypatch.setattr(owner, name, noted)

    for owner, names in (
        (PredictionServicer, ("Predict", "PredictBatch", "PredictStream")),
        (ModelServicer, ("ModelInfo", "ReloadModel")),
        (Health, ("_answer", "_watch")),
        (ReflectionServicer, ("ServerReflectionInfo",)),
        (Admission, ("service",)),
        (CallEnd, ("refuse",)),
    ):
        for name in names:
            note(owner, name)
    return found


@pytest.fixture
def no_threads_of_the_base_class() -> Iterator[None]:
    """A CallPool is a ThreadPoolExecutor by name alone."""
    before = {*threading.enumerate()}
    yield
    names = {thread.name for thread in {*threading.enumerate()} - before}
    assert not {name for name in names if name.startswith("ThreadPoolExecutor")}


def call_everything(client: Client) -> None:
    house = House(rm=6)
    client.predictions.Predict(HOUSE, timeout=SECONDS)
    client.predictions.PredictBatch(PredictBatchRequest(items=[house]), timeout=SECONDS)
    chunks = iter([PredictStreamRequest(rows={"items": [house]})])
    assert [*client.predictions.PredictStream(chunks, timeout=SECONDS)]
    client.models.ModelInfo(ModelInfoRequest(), timeout=SECONDS)
    client.models.ReloadModel(ReloadModelRequest(), timeout=SECONDS)
    assert check(client).status == SERVING
    # A watch holds no thread: there is one, and probes are answered beside.
    watched = watch(client)
    assert next(watched) == SERVING
    assert check(client).status == SERVING
    [*asked(client, PACKAGES[0], ServerReflectionRequest(list_services=""))]


@pytest.mark.usefixtures("no_threads_of_the_base_class")
def test_each_kind_of_call_has_threads_of_its_own(
    serve: Serve, linear: Example, seen: Threads
) -> None:
    call_everything(serve(linear.folder))
    pools = {name: {pool_of(thread) for thread in seen[name]} for name in POOLS}
    assert pools == {name: {pool} for name, pool in POOLS.items()}


def test_calls_are_let_in_and_refused_on_the_one_thread_that_accepts_them(
    serve: Serve, linear: Example, seen: Threads
) -> None:
    client = serve(linear.folder, api_key="k")
    for _ in range(20):
        failure(lambda: client.predictions.Predict(HOUSE, timeout=SECONDS))
        failure(lambda: client.models.ModelInfo(ModelInfoRequest(), timeout=SECONDS))
    assert len(seen["service"]) == 1
    assert seen["refuse"] == seen["service"]
    assert {pool_of(thread) for thread in seen["service"]}.isdisjoint(POOLS.values())


def pool_of(thread: threading.Thread) -> str:
    """Gives the name of a pool: Python numbers the threads of its own, as in stream_0."""
    return thread.name.rpartition("_")[0] or thread.name
