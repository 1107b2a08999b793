"""Contributions: in C as with NumPy, as Shapley's definition has them, and summing to the price."""

import math
from dataclasses import replace

import numpy as np
import pytest
import xgboost
from hypothesis import given, settings
from hypothesis import strategies as st

from admin.export import brute_force
from admin.export.flatten import flatten_trees
from admin.export.reference import scaled
from admin.strategies.graph import Tree
from admin.strategies.graph import Trees as GraphTrees
from housing_grpc.bundle import native_evaluator
from housing_grpc.bundle.format import BundleFiles
from housing_grpc.bundle.model import Bundle
from housing_grpc.bundle.native_evaluator import evaluator
from housing_grpc.bundle.numpy_evaluator import NumpyEvaluator
from housing_grpc.bundle.parts import facts
from housing_grpc.bundle.parts.explanation import Link, Method, amounts
from housing_grpc.bundle.parts.loaded import Loaded
from housing_grpc.bundle.parts.tree_shap import mean_of
from housing_grpc.bundle.trees import Trees
from tests.bundle.parts.making import Made, houses
from tests.support.evaluators import UNSCALED, WIDTH, Rows, forest, grid

NOTHING = facts.Parts(interval=None, applicability=None, explanation=None)


def ways(trees: Trees, shares: Rows) -> list[native_evaluator.NativeEvaluator | NumpyEvaluator]:
    """Returns the evaluators that there are, with what explains trees."""
    parts = Loaded(shares=shares, facts=NOTHING)
    found = evaluator(UNSCALED, trees, parts)
    return [*([found] if found else []), NumpyEvaluator(UNSCALED, trees, parts)]


def drawn(
    random: np.random.Generator, count: int, splits: int, *, features: int = WIDTH
) -> tuple[Trees, Rows]:
    """Returns trees at random, with shares at random, of which some are 0 or 1."""
    grown = tuple(
        replace(tree, feature=tree.feature % features) for tree in forest(random, count, splits)
    )
    trees = flatten_trees(GraphTrees(trees=grown, inclusive=bool(random.integers(2)), base=1.0))
    shares = random.choice([0.0, 1.0, 0.3, 0.5, 0.9], len(trees.left))
    return trees, np.where(trees.left >= 0, shares, 0.0)


def conditional(trees: Trees, shares: Rows, row: Rows, known: Rows) -> float:
    """Returns the sum where only some features are known, as path-dependent values have it."""

    def below(node: int) -> float:
        if trees.left[node] < 0:
            return float(trees.number[node])
        left, right = below(int(trees.left[node])), below(int(trees.right[node]))
        feature = trees.feature[node]
        if not known[feature]:
            return float(shares[node] * left + (1 - shares[node]) * right)
        value, threshold = np.float32(row[feature]), trees.number[node]
        return left if (value <= threshold if trees.inclusive else value < threshold) else right

    return sum(below(int(root)) for root in trees.roots)


@given(seed=st.integers(0, 2**32), count=st.integers(1, 5), splits=st.integers(0, 20))
@settings(max_examples=40, deadline=None)
def test_path_dependent_values_are_those_of_the_definition(
    seed: int, count: int, splits: int
) -> None:
    random = np.random.default_rng(seed)
    trees, shares = drawn(random, count, splits, features=5)
    row = np.nan_to_num(grid(random, 1), nan=0.5)
    sets = np.zeros((32, WIDTH), dtype=bool)
    sets[:, :5] = np.arange(32)[:, None] >> np.arange(5) & 1
    worth = np.array([conditional(trees, shares, row[0], known) for known in sets])
    expected = np.zeros(WIDTH)
    for feature in range(5):
        without = np.flatnonzero(~sets[:, feature])
        sizes = sets[without].sum(axis=1)
        weights = [
            math.factorial(size) * math.factorial(4 - size) / math.factorial(5) for size in sizes
        ]
        expected[feature] = weights @ (worth[without + 2**feature] - worth[without])
    for way in ways(trees, shares):
        assert way.margins(row, None)[0] == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert mean_of(trees, shares) == pytest.approx(worth[0])


@given(seed=st.integers(0, 2**32), count=st.integers(1, 6), splits=st.integers(0, 60))
@settings(max_examples=40, deadline=None)
def test_they_sum_to_the_trees_sum_in_c_and_numpy(seed: int, count: int, splits: int) -> None:
    random = np.random.default_rng(seed)
    trees, shares = drawn(random, count, splits)
    rows = np.nan_to_num(grid(random, 7), nan=0.5)
    start, found = mean_of(trees, shares), [way.margins(rows, None) for way in ways(trees, shares)]
    sums = NumpyEvaluator(UNSCALED, trees).predict(rows)
    for margins in found:
        assert start + margins.sum(axis=1) == pytest.approx(sums, rel=1e-9, abs=1e-9)
        assert margins == pytest.approx(found[0], rel=1e-9, abs=1e-9)


@given(seed=st.integers(0, 2**32), count=st.integers(1, 6), splits=st.integers(0, 60))
@settings(max_examples=15, deadline=None)
def test_values_against_a_reference_are_those_of_all_subsets(
    seed: int, count: int, splits: int
) -> None:
    random = np.random.default_rng(seed)
    trees, shares = drawn(random, count, splits)
    row, other = np.nan_to_num(grid(random, 2), nan=0.5)
    exact = NumpyEvaluator(UNSCALED, trees)
    expected = brute_force.contributions(row, other, exact.predict)
    for way in ways(trees, shares):
        found = way.margins(row.reshape(1, -1), other)[0]
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_a_tree_as_deep_as_may_be_explained() -> None:
    place = np.arange(256)
    chain = Tree(
        feature=np.concatenate([place % WIDTH, np.full(257, -2)]),
        threshold=np.concatenate([-place / 8.0, np.zeros(257)]),
        left=np.concatenate([place[1:], [512], np.full(257, -1)]),
        right=np.concatenate([place + 256, np.full(257, -1)]),
        value=np.arange(513.0),
    )
    trees = flatten_trees(GraphTrees(trees=(chain,), inclusive=True, base=0.0))
    shares = np.where(trees.left >= 0, 0.9, 0.0)
    rows = np.linspace(-30, 0, 5 * WIDTH).reshape(5, WIDTH)
    sums = NumpyEvaluator(UNSCALED, trees).predict(rows)
    for way in ways(trees, shares):
        found = mean_of(trees, shares) + way.margins(rows, None).sum(axis=1)
        assert found == pytest.approx(sums, rel=1e-9)


def test_amounts_sum_to_the_price_to_the_last_digits(made: Made) -> None:
    rows = houses()
    for bundle in (made.native, made.numpy):
        prices = bundle.predict(rows)
        found = bundle.explain(rows, prices=prices)
        assert found is not None
        assert found.base + found.amounts.sum(axis=1) == pytest.approx(prices, rel=1e-13, abs=1e-12)
        against = bundle.explain(rows, rows[4], prices)
        assert against is not None
        assert against.base == bundle.predict(rows[4:5])[0]
        total = against.base + against.amounts.sum(axis=1)
        assert total == pytest.approx(prices, rel=1e-13, abs=1e-12)
        assert against.method is Method.REFERENCE
        assert against.amounts[4] == pytest.approx(np.zeros(WIDTH), abs=1e-9)


def test_what_was_filled_in_is_marked_and_shown(made: Made) -> None:
    rows = houses()[300:310]
    found = made.native.explain(rows)
    assert found is not None
    assert found.imputed.tolist() == np.isnan(rows).tolist()
    assert not np.isnan(found.values).any()
    assert found.values[~found.imputed].tolist() == rows[~found.imputed].tolist()
    filled = made.native.explain(found.values)
    assert filled is not None
    assert filled.amounts == pytest.approx(found.amounts, abs=1e-9)


def test_methods_and_links(linear: Made, boosted: Made, forest: Made) -> None:
    kinds = [
        (found.parts.explanation.method, found.parts.explanation.link)
        for found in (linear.native, boosted.native, forest.native)
        if found.parts.explanation
    ]
    assert kinds == [
        (Method.LINEAR, Link.IDENTITY),
        (Method.TREE_PATH_DEPENDENT, Link.LOG),
        (Method.TREE_PATH_DEPENDENT, Link.IDENTITY),
    ]


def test_factors_multiply_the_base_to_the_price(boosted: Made, forest: Made) -> None:
    rows = houses()
    found = boosted.native.explain(rows)
    assert found is not None
    assert found.factors is not None
    prices = boosted.native.predict(rows)
    assert found.base * found.factors.prod(axis=1) == pytest.approx(prices, rel=1e-5)
    assert (np.sign(found.amounts) == np.sign(found.margins)).mean() > 0.99
    plain = forest.native.explain(rows)
    assert plain is not None
    assert plain.factors is None


@pytest.mark.parametrize("link", list(Link))
def test_amounts_stay_small_where_the_contributions_cancel(link: Link) -> None:
    margins = np.zeros((3, WIDTH))
    margins[0, :2] = 0.1, -0.1 + 1e-9
    margins[1, :2] = 0.1, -0.1
    # The model's own sum is off by its rounding.
    found = amounts(margins, math.exp(3.0), 3.0, np.full(3, math.exp(3.0) + 1e-5), link)
    assert math.exp(3.0) + found.sum(axis=1) == pytest.approx(math.exp(3.0) + 1e-5, rel=1e-14)
    assert np.abs(found).max() < 0.11 * math.exp(3.0)
    # Of nothing but rounding, each has an even share.
    assert found[2] == pytest.approx(np.full(WIDTH, 1e-5 / WIDTH), rel=1e-6)
    # Else a feature that adds nothing adds nothing, and not 1e-306.
    assert not found[:2, 2:].any()


def test_xgboost_says_the_same(boosted: Made) -> None:
    rows = houses()
    found = boosted.native.explain(rows)
    assert found is not None
    at = scaled(boosted.pipeline, rows)
    booster = boosted.pipeline["model"].get_booster()
    theirs = booster.predict(xgboost.DMatrix(at), pred_contribs=True)
    assert found.margins == pytest.approx(theirs[:, :-1], abs=1e-4)
    assert math.log(found.base) == pytest.approx(float(theirs[0, -1]), abs=1e-4)


def test_a_bundle_without_shares_explains_nothing(boosted: Made) -> None:
    files = boosted.files
    blobs = {name: blob for name, blob in files.blobs.items() if name != "covers.bin"}
    bundle = Bundle(BundleFiles(metadata=files.metadata, blobs=blobs, digest=files.digest))
    assert bundle.parts.explanation is None
    assert bundle.explain(houses()) is None
