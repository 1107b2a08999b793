"""What scores houses, apart from any call."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray

from housing_grpc.base import processors
from housing_grpc.bundle.model import Bundle
from housing_grpc.houses.options import NO_OPTIONS
from housing_grpc.model.folder_source import FolderSource
from tests.support.examples import Example
from tests.support.model_manager import ModelManager
from tests.support.scorers import CONTEXT, new_scorer

Rows = NDArray[np.float64]
PROCESSORS = 2


def test_no_more_batches_are_computed_at_a_time_than_there_are_processors(
    linear: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processors, "usable", lambda: PROCESSORS)
    manager = ModelManager(FolderSource(linear.folder), trial=lambda _: None)
    live = manager.start()
    predict, lock, full = Bundle.predict, threading.Lock(), threading.Event()
    at_once: list[int] = [0]
    most: list[int] = [0]

    def counted(bundle: Bundle, rows: Rows) -> Rows:
        with lock:
            at_once[0] += 1
            most[0] = max(most[0], at_once[0])
            if at_once[0] == PROCESSORS:
                full.set()
        full.wait(10)
        try:
            return predict(bundle, rows)
        finally:
            with lock:
                at_once[0] -= 1

    monkeypatch.setattr(Bundle, "predict", counted)
    scorer = new_scorer()
    rows = np.tile(live.bundle.ranges.minimum, (4, 1))

    def score(_: int) -> object:
        return scorer.score_matrix(live, rows, 0, NO_OPTIONS, CONTEXT)

    with ThreadPoolExecutor(8) as callers:
        found = list(callers.map(score, range(40)))
    assert (most[0], len(found)) == (PROCESSORS, 40)
