"""Bounds and p-values: in C as with NumPy, and what they promise."""

import math

import msgspec
import numpy as np
import pytest

from admin.export.flatten import flatten_trees
from admin.training.known_houses import learn
from housing_grpc.bundle.format import BundleFiles
from housing_grpc.bundle.metadata import INTERVAL_LEVEL
from housing_grpc.bundle.model import Bundle
from housing_grpc.bundle.parts import neighbours, spread
from housing_grpc.bundle.schema import FEATURE_NAMES
from housing_grpc.bundle.trees import Trees
from tests.admin.exporting import DATASET
from tests.bundle.parts.making import Made, houses
from tests.support.evaluators import Rows


@pytest.mark.parametrize("level", [0.5, 0.9, 0.99])
def test_c_and_numpy_agree(made: Made, level: float) -> None:
    rows = houses()
    prices = made.native.predict(rows)
    one, other = (bundle.assess(rows, prices, level) for bundle in (made.native, made.numpy))
    assert one is not None
    assert other is not None
    for name in ("lower", "upper", "p_value", "distance"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), rel=1e-9, abs=1e-9)


def test_a_row_alone_is_assessed_as_in_a_batch(made: Made) -> None:
    rows, bundle = houses()[::7], made.native
    prices = bundle.predict(rows)
    together = bundle.assess(rows, prices)
    assert together is not None
    for place, row in enumerate(rows):
        alone = bundle.assess(row.reshape(1, -1), prices[place : place + 1])
        assert alone is not None
        assert (alone.lower[0], alone.upper[0]) == (together.lower[place], together.upper[place])
        assert alone.p_value[0] == together.p_value[place]


def test_bounds_hold_the_price_and_grow_with_the_level(made: Made) -> None:
    rows = houses()
    prices, last = made.native.predict(rows), np.zeros(len(rows))
    for level in (0.5, 0.8, 0.9, 0.95):
        found = made.native.assess(rows, prices, level)
        assert found is not None
        assert found.has_bounds
        assert (found.lower >= np.minimum(prices, 0)).all()
        assert ((found.lower <= prices) & (prices <= found.upper)).all()
        assert (found.upper - prices >= last).all()
        last = found.upper - prices


def test_a_price_below_0_lies_within_its_bounds(made: Made) -> None:
    rows, prices = houses()[:5], np.array([-40.0, -3.0, 0.0, 1e-3, 30.0])
    for bundle in (made.native, made.numpy):
        found = bundle.assess(rows, prices)
        assert found is not None
        assert found.lower[:3].tolist() == [-40.0, -3.0, 0.0]
        assert ((found.lower <= prices) & (prices <= found.upper)).all()
        assert (found.lower[2:] >= 0).all()


def test_too_few_scores_for_a_level_give_no_bounds(boosted: Made) -> None:
    files = boosted.files
    few = spread.Spread(trees=spread_trees(boosted), scores=np.linspace(0.1, 3.0, 18), reach=1.0)
    assert files.metadata.interval is not None
    metadata = msgspec.structs.replace(
        files.metadata, interval=msgspec.structs.replace(files.metadata.interval, scores=18)
    )
    blobs = {**files.blobs, "interval.bin": spread.encode(few)}
    rows = houses()[:9]
    for native in (True, False):
        bundle = Bundle(
            BundleFiles(metadata=metadata, blobs=blobs, digest=files.digest), native=native
        )
        prices = bundle.predict(rows)
        # 19 · 0.9 is 17.1, and so the 18th of 18; 19 · 0.95 is 18.05, and there is no 19th.
        enough, too_few = bundle.assess(rows, prices, 0.9), bundle.assess(rows, prices, 0.95)
        assert enough is not None
        assert too_few is not None
        assert enough.has_bounds
        assert not too_few.has_bounds
        assert np.isnan([too_few.lower, too_few.upper]).all()
        assert (too_few.p_value > 0).all()


def spread_trees(made: Made) -> Trees:
    return flatten_trees(made.learned.intervals.spread.graph())


@pytest.mark.parametrize(
    ("scores", "level", "place"),
    [(9, 0.9, 9), (10, 0.9, 10), (19, 0.9, 18), (99, 0.99, 99), (99, 0.5, 50), (506, 0.9, 457)],
)
def test_the_quantile_is_the_conformal_one(scores: int, level: float, place: int) -> None:
    found = spread.Spread(trees=None, scores=np.arange(1.0, scores + 1), reach=1.0)  # type: ignore[arg-type]
    assert found.quantile(level) == place


@pytest.mark.parametrize(("scores", "level"), [(8, 0.9), (98, 0.99), (1, 0.6)])
def test_no_quantile_of_too_few(scores: int, level: float) -> None:
    found = spread.Spread(trees=None, scores=np.arange(1.0, scores + 1), reach=1.0)  # type: ignore[arg-type]
    assert math.isnan(found.quantile(level))


def test_a_training_house_is_as_usual_as_can_be(linear: Made) -> None:
    rows = DATASET.features.to_numpy()
    found = linear.native.assess(rows, linear.native.predict(rows))
    assert found is not None
    assert found.distance.tolist() == [0.0] * len(rows)
    assert found.p_value.tolist() == [1.0] * len(rows)
    assert not found.extrapolated.any()


def test_nonsense_is_noticed_and_the_odd_features_are_named(linear: Made) -> None:
    row = DATASET.features.to_numpy()[:1].copy()
    row[0, FEATURE_NAMES.index("RM")] = 12.0
    row[0, FEATURE_NAMES.index("DIS")] = 20.0
    found = linear.native.assess(row, linear.native.predict(row))
    assert found is not None
    assert found.extrapolated.tolist() == [True]
    assert set(found.odd(0)) == {"RM", "DIS"}
    usual = linear.native.assess(DATASET.features.to_numpy()[:1], np.array([20.0]))
    assert usual is not None
    assert usual.odd(0) == ()


def test_ten_thousand_odd_houses_are_named_in_one_go(made: Made) -> None:
    rows = houses()[np.arange(10_000) % 400]
    rows[:, FEATURE_NAMES.index("RM")] = np.linspace(12, 500, len(rows))
    found = made.native.assess(rows, made.native.predict(rows))
    assert found is not None
    assert found.extrapolated.all()
    asked = []

    def odd_features(part: Rows) -> list[tuple[str, ...]]:
        asked.append(len(part))
        return found.odd_features(part)

    counted = msgspec.structs.replace(found, odd_features=odd_features)
    named = [counted.odd(row) for row in range(len(rows))]
    assert asked == [len(rows)]
    for row in range(0, len(rows), 250):
        assert found.odd_features(rows[row : row + 1]) == [named[row]]
    assert {len(names) for names in named} <= {1, 2, 3}


def test_an_interval_is_wider_where_no_house_is_near(linear: Made) -> None:
    near = DATASET.features.to_numpy()[:1]
    far = near.copy()
    far[0, FEATURE_NAMES.index("RM")] = 12.0
    prices = np.array([25.0])
    one, other = (linear.native.assess(row, prices) for row in (near, far))
    assert one is not None
    assert other is not None
    assert other.distance[0] > 2 * linear.learned.intervals.reach
    assert other.upper[0] - 25 > 2 * (one.upper[0] - 25)


def test_shuffled_houses_are_unlike_the_known_ones(linear: Made) -> None:
    random = np.random.default_rng(0)
    rows = DATASET.features.dropna().to_numpy()
    held, kept = rows[::10], np.delete(rows, np.s_[::10], axis=0)
    scaled = (kept - kept.mean(axis=0)) / kept.std(axis=0)
    known, _ = learn(scaled, keep_rows=True, seed=0)

    def distances(found: Rows) -> Rows:
        return known.distance((found - kept.mean(axis=0)) / kept.std(axis=0))

    real, shuffled = distances(held), distances(random.permuted(rows, axis=0))
    auroc = (shuffled[:, None] > real).mean()
    assert auroc > 0.95


@pytest.mark.parametrize("rows", [300, 3000])
@pytest.mark.parametrize("keep_rows", [True, False])
def test_p_values_of_held_out_houses_are_uniform(rows: int, keep_rows: bool) -> None:
    random = np.random.default_rng(2)
    mix = random.normal(size=(13, 13))
    drawn = random.normal(size=(rows + 2000, 13)) @ mix
    known, held = learn(drawn[:rows], keep_rows=keep_rows, seed=0)
    assert len(held) == rows
    assert known.method == (
        "copula" if not keep_rows else "nearest neighbour" if rows <= 2000 else "nearest centre"
    )
    distances = known.distance(drawn[rows:])
    higher = np.searchsorted(known.distances, distances)
    p_values = (1 + rows - higher) / (1 + rows)
    assert 0.02 < (p_values <= 0.05).mean() < 0.09
    assert 0.45 < (p_values <= 0.5).mean() < 0.55


def test_the_level_of_requests_that_name_none_is_the_measured_one(linear: Made) -> None:
    rows = houses()[:3]
    prices = linear.native.predict(rows)
    found, named = linear.native.assess(rows, prices), linear.native.assess(rows, prices, 0.9)
    assert found is not None
    assert named is not None
    assert found.level == INTERVAL_LEVEL
    assert found.upper.tolist() == named.upper.tolist()


def test_the_file_is_read_back(made: Made) -> None:
    data = made.files.blobs["neighbours.bin"]
    assert neighbours.encode(neighbours.decode(data)) == data


def test_an_error_for_a_width_is_the_mean_score_over_that_of_the_level() -> None:
    found = spread.Spread(trees=None, scores=np.arange(1.0, 101.0), reach=1.0)  # type: ignore[arg-type]
    # Of 100 scores, the 91st is at least as large as 90 % of all there will be.
    assert found.error_per_half_width(0.9) == pytest.approx(50.5 / 91)
    assert math.isnan(found.error_per_half_width(0.995))
    exact = spread.Spread(trees=None, scores=np.zeros(100), reach=1.0)  # type: ignore[arg-type]
    assert math.isnan(exact.error_per_half_width(0.9))
