"""A hundred reloads while clients keep calling."""

import gc
import resource
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import grpc
import pytest
from housing.v1.prediction_pb2 import House, PredictBatchRequest, PredictRequest

from housing_grpc.bundle.model import load
from housing_grpc.houses import decode
from housing_grpc.model.pinned_models import PinnedModels
from housing_grpc.model.source import Target
from housing_grpc.services.open_streams import OpenStreams, StreamLimits
from housing_grpc.services.predict_stream import StreamScorer
from housing_grpc.services.prediction_service import PredictionServicer
from housing_grpc.serving import routes
from tests.support import hosting
from tests.support.client import SECONDS, Client, client_of
from tests.support.examples import Example
from tests.support.model_manager import ModelManager
from tests.support.reloads import Alternating, Census
from tests.support.scorers import new_scorer
from tests.support.serving import PREDICTION

RELOADS = 100
CLIENTS = 4
HOUSE = House(crim=0.2, zn=0, indus=8, chas=0, nox=0.5, rm=6.2, age=60, dis=4, rad=4, tax=300)
ROWS = [HOUSE, House(rm=7), House(lstat=30)]


@contextmanager
def serving(manager: ModelManager) -> Iterator[Client]:
    limits = StreamLimits(idle_seconds=10, age_seconds=10)
    scorer = new_scorer()
    streams = StreamScorer(manager, manager.split, PinnedModels(), scorer, OpenStreams(limits))
    servicer = PredictionServicer(manager, manager.split, streams, scorer)
    with ExitStack() as stack:
        served = hosting.served(
            PREDICTION, servicer, hosting.pool_of(stack, CLIENTS), routes.readers(10, 10)
        )
        address = hosting.start(stack, served, version=manager.version)
        with grpc.insecure_channel(address) as channel:
            yield client_of(channel, address)


class Answers:
    """Each version that answered, with the prices that came with it."""

    def __init__(self) -> None:
        self._arrived = threading.Condition()
        self.seen: list[tuple[str, list[float]]] = []

    def collect(self, client: Client, ended: threading.Event) -> None:
        """Calls until the end."""
        while not ended.is_set():
            one = client.predictions.Predict(PredictRequest(house=HOUSE), timeout=SECONDS)
            self._add(one.model_version, [one.prediction])
            many = client.predictions.PredictBatch(PredictBatchRequest(items=ROWS), timeout=SECONDS)
            self._add(many.model_version, [result.prediction for result in many.results])

    def await_one_of(self, version: str) -> None:
        """Waits until a version has answered."""
        with self._arrived:
            assert self._arrived.wait_for(
                lambda: any(version == answered for answered, _ in self.seen), SECONDS
            )

    def _add(self, version: str, prices: list[float]) -> None:
        with self._arrived:
            self.seen.append((version, prices))
            self._arrived.notify_all()


def expected_prices(folder: Path) -> list[float]:
    request = PredictBatchRequest(items=ROWS)
    rows = decode.read_batch(request.SerializeToString(), len(ROWS)).rows
    return list(map(float, load(folder).predict(rows)))


def test_every_answer_comes_wholly_from_the_version_that_it_names(
    linear: Example, forest: Example
) -> None:
    census, ended, answers = Census(), threading.Event(), Answers()
    manager = ModelManager(Alternating(linear, forest), trial=lambda _: None, on_live=[census])
    manager.start()
    with serving(manager) as client, ThreadPoolExecutor(CLIENTS) as callers:
        running = [callers.submit(answers.collect, client, ended) for _ in range(CLIENTS)]
        try:
            # All reloads may be over before a caller gets its turn, but for the first.
            answers.await_one_of(linear.version)
            peaks = [reloaded(manager)]
            answers.await_one_of(forest.version)
            peaks += [reloaded(manager) for _ in range(RELOADS - 1)]
        finally:
            ended.set()
        for each in running:
            each.result()
    assert manager.current().facts.generation == RELOADS + 1
    prices = {each.version: expected_prices(each.folder) for each in (linear, forest)}
    assert {version for version, _ in answers.seen} == set(prices)
    for version, got in answers.seen:
        assert got == pytest.approx(prices[version][: len(got)], abs=1e-9)
    gc.collect()
    assert census.alive() == 1
    assert census.most <= 2
    assert peaks[-1] <= 1.25 * peaks[RELOADS // 4]


def test_the_old_bundle_is_gone_once_the_new_one_is_live_while_nobody_calls(
    linear: Example, forest: Example
) -> None:
    census = Census()
    manager = ModelManager(Alternating(linear, forest), trial=lambda _: None, on_live=[census])
    manager.start()
    for _ in range(5):
        reloaded(manager)
    assert (census.most, census.alive()) == (1, 1)


def reloaded(manager: ModelManager) -> int:
    """Reloads once; gives the most memory that the process has ever taken."""
    assert manager.reload(Target()).changed
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
