"""Every house that was scored is counted, alone or in a batch."""

import threading
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from housing_grpc.bundle.metadata import Metadata
from housing_grpc.bundle.model import Bundle, load
from housing_grpc.bundle.schema import FEATURE_NAMES
from housing_grpc.houses.scored import Scored
from housing_grpc.metrics.catalogue import DRIFT_WINDOW, PRICES
from housing_grpc.metrics.drift import WINDOW_ROWS, rows
from housing_grpc.metrics.predictions import PredictionMetrics
from tests.support.examples import Example, Rows, rewrite


@pytest.fixture(scope="module")
def bundle(linear: Example) -> Bundle:
    return load(linear.folder)


@pytest.fixture
def metrics(bundle: Bundle) -> PredictionMetrics:
    made = PredictionMetrics()
    made.on_live(bundle)
    return made


def some(bundle: Bundle, count: int, seed: int = 0) -> tuple[Rows, Rows]:
    """Makes rows with values missing and values outside the ranges, and prices."""
    random = np.random.default_rng(seed)
    low, high = bundle.ranges.minimum, bundle.ranges.maximum
    found = low + (high - low) * random.uniform(-0.2, 1.2, (count, len(FEATURE_NAMES)))
    found[random.random(found.shape) < 0.1] = np.nan
    return found, random.uniform(-10, 130, count)


def check(metrics: PredictionMetrics, bundle: Bundle, values: Rows, prices: Rows) -> None:
    state = metrics.state()
    outside = ((values < bundle.ranges.minimum) | (values > bundle.ranges.maximum)).sum(axis=0)
    for place, name in enumerate(FEATURE_NAMES):
        assert state["out_of_range_features_total"][(name,)] == [outside[place]]
        assert state["housing_imputed_features_total"][(name,)] == [
            np.isnan(values[:, place]).sum()
        ]
    *buckets, total = state["prediction_values"][()]
    edges = [-np.inf, *PRICES, np.inf]
    wanted = [((prices > a) & (prices <= b)).sum() for a, b in pairwise(edges)]
    assert buckets == wanted
    assert total == pytest.approx(prices.sum())
    assert rows(state[DRIFT_WINDOW]) == min(len(values), WINDOW_ROWS)


def test_houses_one_by_one(metrics: PredictionMetrics, bundle: Bundle) -> None:
    values, prices = some(bundle, 5000)
    for place in range(len(values)):
        one = slice(place, place + 1)
        metrics.observe(bundle.ranges, values[one], Scored(prices[one]))
    check(metrics, bundle, values, prices)


@pytest.mark.parametrize("sizes", [[1], [3, 1, 700], [40_000, 9, 30_000], [150_000], [0, 0]])
def test_houses_in_batches(metrics: PredictionMetrics, bundle: Bundle, sizes: list[int]) -> None:
    batches = [some(bundle, size, seed) for seed, size in enumerate(sizes)]
    for values, prices in batches:
        metrics.observe(bundle.ranges, values, Scored(prices))
    check(metrics, bundle, *(np.concatenate(parts) for parts in zip(*batches, strict=True)))


def test_houses_from_many_threads(metrics: PredictionMetrics, bundle: Bundle) -> None:
    parts = [some(bundle, 4000, seed) for seed in range(4)]

    def count(values: Rows, prices: Rows) -> None:
        for place in range(2000):
            part = slice(place, place + 1)
            metrics.observe(bundle.ranges, values[part], Scored(prices[part]))
        for start in range(2000, 4000, 50):
            part = slice(start, start + 50)
            metrics.observe(bundle.ranges, values[part], Scored(prices[part]))

    workers = [threading.Thread(target=count, args=part) for part in parts]
    for worker in workers:
        worker.start()
    while any(worker.is_alive() for worker in workers):
        metrics.state()
    check(metrics, bundle, *(np.concatenate(part) for part in zip(*parts, strict=True)))


def test_rows_that_were_rejected_are_counted_by_reason(metrics: PredictionMetrics) -> None:
    metrics.rejected("FEATURE_DOMAIN", 3)
    metrics.rejected("NO_FEATURES")
    assert metrics.state()["housing_rows_rejected_total"] == {
        ("FEATURE_DOMAIN",): [3],
        ("FEATURE_NOT_FINITE",): [0],
        ("NO_FEATURES",): [1],
    }


def test_another_model_starts_the_window_anew_and_keeps_the_counts(
    metrics: PredictionMetrics, bundle: Bundle, linear: Example, tmp_path: Path
) -> None:
    values, prices = some(bundle, 600)
    metrics.observe(bundle.ranges, values, Scored(prices))
    again = load(linear.folder)
    metrics.on_live(again)
    assert rows(metrics.state()[DRIFT_WINDOW]) == 600
    rewrite(linear.folder, tmp_path / "other", change=renamed)
    other = load(tmp_path / "other")
    metrics.on_live(other)
    assert rows(metrics.state()[DRIFT_WINDOW]) == 0
    # A call that still holds the previous model is counted, and is no part of the window.
    metrics.observe(again.ranges, values, Scored(prices))
    for found in (other, again, other):
        metrics.observe(found.ranges, values[:1], Scored(prices[:1]))
    state = metrics.state()
    assert rows(state[DRIFT_WINDOW]) == 2
    assert sum(state["prediction_values"][()][:-1]) == 1203


def renamed(metadata: Metadata) -> Metadata:
    metadata.params["note"] = "another"
    return metadata
