"""What is no model is refused before anything is computed, and never crashes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from admin.export.flatten import flatten
from admin.strategies.graph import Linear, Trees
from housing_grpc.bundle import native_evaluator
from housing_grpc.bundle.errors import BundleFormatError, ModelOutputError
from housing_grpc.bundle.imputers import ConstantImputer, IterativeImputer, KnnImputer
from housing_grpc.bundle.native_evaluator import evaluator
from housing_grpc.bundle.numpy_evaluator import NumpyEvaluator
from housing_grpc.bundle.preprocess import Preprocessor
from housing_grpc.bundle.regressor_file import decode_linear, decode_trees, encode
from tests.bundle.random_trees import random_tree

Array = NDArray[Any]

pytestmark = pytest.mark.skipif(
    native_evaluator.NATIVE is None, reason="the evaluator is not built"
)

WIDTH = 13
ZEROS, ONES = np.zeros(WIDTH), np.ones(WIDTH)
CONSTANT = ("constant", ZEROS)
LINEAR = ("linear", ONES, np.zeros(1))
INT64, DOUBLE = np.int64, np.float64

# roots, feature, number, left, right, flags.
ONE_SPLIT: list[list[float]] = [
    [0], [5, 0, 0], [0.5, 1.0, 2.0], [1, -1, -1], [2, -1, -1], [1, 0, 0],
]  # fmt: skip
KINDS = [INT64, INT64, DOUBLE, INT64, INT64, INT64]
# The second tree's root leads to a split, whose children stand before it.
TWO_TREES: list[list[float]] = [
    [0, 3], [5, 0, 0, 6, 0, 0, 0, 7], [0.5, 1.0, 2.0, 0.25, 3.0, 4.0, 5.0, 0.75],
    [1, -1, -1, 7, -1, -1, -1, 4], [2, -1, -1, 6, -1, -1, -1, 5], [0, 1, 1],
]  # fmt: skip


def trees(values: Sequence[Sequence[float]]) -> tuple[Any, ...]:
    arrays = [np.array(each, dtype=kind) for each, kind in zip(values, KINDS, strict=True)]
    return "trees", *arrays


def model(imputer: tuple[Any, ...] = CONSTANT, regressor: tuple[Any, ...] = LINEAR) -> Any:
    assert native_evaluator.NATIVE is not None
    return native_evaluator.NATIVE(imputer, ZEROS, ONES, regressor)


def asked(found: Any) -> None:
    """Ask for rows of all kinds; what is answered is of no account."""
    rows = np.random.default_rng(0).normal(size=(300, WIDTH)) * 10
    rows[::3, ::2] = np.nan
    found.predict(rows, np.empty(300))
    for row in rows[:9]:
        found.predict(row, np.empty(1))


def test_the_examples_are_models() -> None:
    for values in (ONE_SPLIT, TWO_TREES):
        asked(model(regressor=trees(values)))


@pytest.mark.parametrize(
    ("place", "value", "text"),
    [
        (0, [3], "a node is not there"),
        (0, [-1], "a node is not there"),
        (0, [0, 0], "two parents"),
        (0, [], "there is no tree"),
        (0, [0, 1, 2, 0], "one without a node"),
        (1, [13, 0, 0], "a feature that is not there"),
        (1, [-1, 0, 0], "a feature that is not there"),
        (1, [0, 0, 2**62], "a feature that is not there"),
        (1, [1, 1], "another length"),
        (2, [np.nan, 1, 2], "not a finite number"),
        (2, [-np.inf, 1, 2], "not a finite number"),
        (2, [1, 1, np.inf], "not a finite number"),
        (3, [3, -1, -1], "a node is not there"),
        (3, [0, -1, -1], "two parents"),
        (3, [2, -1, -1], "two parents"),
        (3, [-(2**63), -1, -1], "neither a leaf nor a split"),
        (4, [2**40, -1, -1], "a node is not there"),
        (4, [2, -1, 0], "neither a leaf nor a split"),
        (5, [1, 0], "another length"),
    ],
)
def test_wrong_trees_are_refused(place: int, value: list[float], text: str) -> None:
    values = [*ONE_SPLIT[:place], value, *ONE_SPLIT[place + 1 :]]
    with pytest.raises(ValueError, match=text):
        model(regressor=trees(values))


def test_a_node_of_another_tree_is_refused() -> None:
    values = [list(each) for each in TWO_TREES]
    values[3][0] = 7
    with pytest.raises(ValueError, match="two parents"):
        model(regressor=trees(values))


@pytest.mark.parametrize(
    ("imputer", "text"),
    [
        (("magic", ZEROS), "no such imputer"),
        ((), "tuple index"),
        ((5, ZEROS), "no such imputer"),
        (("constant", ZEROS[1:]), "another length"),
        (("constant", ZEROS * np.nan), "not finite"),
        (("constant", ZEROS.astype(np.float32)), "not of float64"),
        (("knn", ZEROS, np.array([0])), "a row and a neighbour"),
        (("knn", ZEROS[:0], np.array([1])), "a row and a neighbour"),
        (("knn", ZEROS[1:], np.array([1])), "another length"),
        (("knn", ZEROS * np.nan, np.array([1])), "a value in every feature"),
        (("knn", ZEROS, np.array([1.0])), "not of int64"),
    ],
)
def test_a_wrong_imputer_is_refused(imputer: tuple[Any, ...], text: str) -> None:
    with pytest.raises((ValueError, IndexError), match=text):
        model(imputer)


numbers = st.one_of(st.integers(-3, 8), st.sampled_from([2**62, -(2**63), 2**32, 2**24, 2**63 - 1]))


@given(data=st.data())
@settings(max_examples=400, deadline=None)
def test_corrupt_trees_never_crash(data: st.DataObject) -> None:
    values: list[list[float]] = [
        list(each) for each in data.draw(st.sampled_from([ONE_SPLIT, TWO_TREES]))
    ]
    for _ in range(data.draw(st.integers(1, 4))):
        target = values[data.draw(st.integers(0, 5))]
        at = data.draw(st.integers(0, len(target)))
        target[at : at + data.draw(st.integers(0, 2))] = [data.draw(numbers)]
    try:
        found = model(regressor=trees(values))
    except ValueError:
        return
    asked(found)


@given(data=st.data())
@settings(max_examples=200, deadline=None)
def test_corrupt_imputers_never_crash(data: st.DataObject) -> None:
    steps = [(2, np.array([0, 1]), np.ones(2), 0.5), (0, np.array([5]), np.ones(1), 1.0)]
    parts = data.draw(
        st.sampled_from(
            [
                KnnImputer(np.arange(39.0).reshape(3, 13), 2).parts,
                IterativeImputer(initial=ZEROS, minimum=-ONES, maximum=ONES, steps=steps).parts,
            ]
        )
    )
    place = data.draw(st.integers(1, len(parts) - 1))
    changed = np.array(parts[place])
    changed = changed[: data.draw(st.integers(0, len(changed)))]
    if len(changed):
        changed.reshape(-1)[data.draw(st.integers(0, changed.size - 1))] = data.draw(numbers)
    try:
        found = model((*parts[:place], changed, *parts[place + 1 :]))
    except ValueError:
        return
    asked(found)


@given(data=st.data())
@settings(max_examples=400, deadline=None)
def test_a_corrupt_file_is_refused_or_answers(data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from(FILES)))
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
    preprocessor = Preprocessor(ConstantImputer(ZEROS), ZEROS, ONES)
    decode = decode_trees if len(content) > 200 else decode_linear
    try:
        checked = decode(bytes(content))
    except BundleFormatError:
        return
    # What passes the check is what both evaluators take, and they agree.
    found = evaluator(preprocessor, checked)
    assert found is not None
    rows = np.random.default_rng(0).normal(size=(40, WIDTH))
    try:
        expected = NumpyEvaluator(preprocessor, checked).predict(rows)
    except ModelOutputError:
        with pytest.raises(ModelOutputError):
            found.predict(rows)
    else:
        assert found.predict(rows).tolist() == expected.tolist()


def _files() -> list[bytes]:
    random = np.random.default_rng(7)
    grown = tuple(random_tree(random, splits) for splits in (3, 0, 5))
    graphs = (
        Trees(trees=grown, inclusive=True, base=0.0),
        Trees(trees=grown, inclusive=False, base=1.0, float32=True),
        Linear(coefficients=np.ones(WIDTH), intercept=1.0),
    )
    return [encode(flatten(graph))[1] for graph in graphs]


FILES = _files()
