"""The population stability index of what comes in against what was trained on."""

import math
from typing import Any

import msgspec
import numpy as np
import pytest

from admin.data.dataset import Dataset
from housing_grpc.bundle.metadata import Histogram, Metadata
from housing_grpc.bundle.model import load
from housing_grpc.bundle.schema import FEATURE_NAMES
from housing_grpc.metrics import drift
from housing_grpc.metrics.drift import LEAST_ROWS, WINDOW_ROWS, Window
from tests.support.examples import Example, Rows

RM = FEATURE_NAMES.index("RM")
NONE = np.empty(0)


@pytest.fixture(scope="module")
def metadata(linear: Example) -> Metadata:
    return load(linear.folder).metadata


def drawn(houses: Dataset, count: int) -> Rows:
    """Draws rows of the training data."""
    places = np.random.default_rng(0).integers(len(houses.features), size=count)
    return houses.features.to_numpy(dtype=np.float64)[places]


def indices(metadata: Metadata, *parts: Rows) -> dict[str, float]:
    window = Window(metadata)
    for part in parts:
        window.add(part, NONE, NONE)
    return {labels[0]: n[0] for labels, n in drift.indices(window.series()).items()}


def test_the_index_is_that_of_the_formula() -> None:
    live, training = [50.0, 30.0, 20.0], [250.0, 500.0, 250.0]
    wanted = (
        (0.5 - 0.25) * math.log(0.5 / 0.25)
        + (0.3 - 0.5) * math.log(0.3 / 0.5)
        + (0.2 - 0.25) * math.log(0.2 / 0.25)
    )
    assert drift.stability_index(live, training) == pytest.approx(wanted)


def test_an_empty_bin_does_not_make_it_infinite() -> None:
    found = drift.stability_index([100, 0], [0, 100])
    assert found == pytest.approx(2 * 0.995 * math.log(200))


def test_houses_like_those_of_the_training_are_near_zero(
    metadata: Metadata, houses: Dataset
) -> None:
    found = indices(metadata, drawn(houses, 5000))
    assert set(found) == set(FEATURE_NAMES)
    assert max(found.values()) < 0.02


def test_houses_without_blanks_are_no_drift_although_the_training_had_some(
    metadata: Metadata, houses: Dataset
) -> None:
    whole = drawn(houses, 5000)
    whole = whole[~np.isnan(whole).any(axis=1)]
    assert max(indices(metadata, whole).values()) < 0.1


def test_a_feature_that_moves_shows_and_the_others_do_not(
    metadata: Metadata, houses: Dataset
) -> None:
    rows = drawn(houses, 5000)
    rows[:, RM] += 1.0
    found = indices(metadata, rows)
    assert found.pop("RM") > 0.25
    assert max(found.values()) < 0.02


@pytest.mark.parametrize("value", [np.nan, 99.0, -99.0])
def test_missing_and_outlying_values_show(
    metadata: Metadata, houses: Dataset, value: float
) -> None:
    rows = drawn(houses, 5000)
    rows[::3, RM] = value
    assert indices(metadata, rows)["RM"] > 0.25


def test_nothing_is_shown_of_too_few_houses(metadata: Metadata, houses: Dataset) -> None:
    assert indices(metadata, drawn(houses, LEAST_ROWS - 1)) == {}
    assert indices(metadata, drawn(houses, LEAST_ROWS)) != {}
    assert drift.rows(Window(metadata).series()) == 0


@pytest.mark.parametrize("sizes", [[WINDOW_ROWS], [7000, 3000], [6000, 6000], [25_000], [1] * 30])
def test_the_window_holds_the_latest_houses(metadata: Metadata, sizes: list[int]) -> None:
    random = np.random.default_rng(1)
    all_rows = random.uniform(0, 10, (sum(sizes), len(FEATURE_NAMES)))
    window, latest = Window(metadata), Window(metadata)
    start = 0
    for size in sizes:
        window.add(all_rows[start : start + size], NONE, NONE)
        start += size
    latest.add(all_rows[-WINDOW_ROWS:], NONE, NONE)
    assert window.series() == latest.series()
    assert drift.rows(window.series()) == min(sum(sizes), WINDOW_ROWS)


def test_the_bins_are_those_of_the_training(metadata: Metadata, houses: Dataset) -> None:
    window = Window(metadata)
    window.add(houses.features.to_numpy(dtype=np.float64), NONE, NONE)
    for numbers in window.series().values():
        half = len(numbers) // 2
        assert numbers[:half] == numbers[half:]


@pytest.mark.parametrize(
    ("edges", "counts"),
    [([], []), ([1.0], []), ([2.0, 1.0], [5]), ([0.0, 1.0], [0]), ([0.0, 1.0], [3, 4])],
)
def test_a_feature_without_a_usable_histogram_is_left_out(
    metadata: Metadata, houses: Dataset, edges: list[float], counts: list[int]
) -> None:
    changed: list[Any] = list(metadata.features)
    changed[RM] = msgspec.structs.replace(
        changed[RM], histogram=Histogram(edges=edges, counts=counts)
    )
    other = msgspec.structs.replace(metadata, features=changed)
    found = indices(other, drawn(houses, 1000))
    assert set(found) == set(FEATURE_NAMES) - {"RM"}
