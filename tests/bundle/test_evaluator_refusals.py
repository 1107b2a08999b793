"""What is no model is refused before anything is computed, and never crashes."""

import contextlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from admin.export import onnx_graph
from admin.strategies.graph import Linear, Trees
from housing_grpc.bundle import evaluator as evaluators
from housing_grpc.bundle.errors import ModelOutputError
from housing_grpc.bundle.evaluator import evaluator
from housing_grpc.bundle.imputers import ConstantImputer, IterativeImputer, KnnImputer
from housing_grpc.bundle.onnx import GraphError, read
from housing_grpc.bundle.preprocess import Preprocessor
from tests.bundle.random_trees import random_tree

Array = NDArray[Any]

pytestmark = pytest.mark.skipif(evaluators.NATIVE is None, reason="the evaluator is not built")

WIDTH = 13
ZEROS, ONES = np.zeros(WIDTH), np.ones(WIDTH)
CONSTANT = ("constant", ZEROS)
LINEAR = ("linear", ONES, np.zeros(1))
INT64, DOUBLE = np.int64, np.float64

# roots, feature, threshold, true, true is a leaf, false, false is a leaf, weights, flags.
ONE_SPLIT: list[list[float]] = [[0], [5], [0.5], [0], [1], [1], [1], [1.0, 2.0], [1, 0, 0]]
KINDS = [INT64, INT64, DOUBLE, INT64, INT64, INT64, INT64, DOUBLE, INT64]
TWO_TREES: list[list[float]] = [
    [0, 1], [5, 6, 7], [0.5, 0.25, 0.75], [0, 2, 2], [1, 0, 1], [1, 4, 3], [1, 1, 1],
    [1.0, 2.0, 3.0, 4.0, 5.0], [0, 1, 1],
]  # fmt: skip


def trees(values: Sequence[Sequence[float]]) -> tuple[Any, ...]:
    arrays = [np.array(each, dtype=kind) for each, kind in zip(values, KINDS, strict=True)]
    return "trees", *arrays


def model(imputer: tuple[Any, ...] = CONSTANT, regressor: tuple[Any, ...] = LINEAR) -> Any:
    assert evaluators.NATIVE is not None
    return evaluators.NATIVE(imputer, ZEROS, ONES, regressor)


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
        (0, [1], "a child is not there"),
        (0, [-1], "a child is not there"),
        (0, [0, 0], "two parents"),
        (0, [], "there is no tree"),
        (1, [13], "a feature that is not there"),
        (1, [-1], "a feature that is not there"),
        (1, [2**62], "a feature that is not there"),
        (1, [1, 1], "another length"),
        (2, [np.nan], "a threshold is not a finite number"),
        (2, [-np.inf], "a threshold is not a finite number"),
        (3, [2], "a child is not there"),
        (3, [-(2**63)], "a child is not there"),
        (4, [0], "two parents"),
        (4, [2], "neither a leaf nor a split"),
        (5, [2**40], "a child is not there"),
        (7, [], "there is no tree"),
        (7, [1.0, np.nan], "a leaf is not a finite number"),
        (8, [1, 0], "another length"),
    ],
)
def test_wrong_trees_are_refused(place: int, value: list[float], text: str) -> None:
    values = [*ONE_SPLIT[:place], value, *ONE_SPLIT[place + 1 :]]
    with pytest.raises(ValueError, match=text):
        model(regressor=trees(values))


def test_a_split_of_another_tree_is_refused() -> None:
    values = [list(each) for each in TWO_TREES]
    values[3][0], values[4][0] = 2, 0
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
        target = values[data.draw(st.integers(0, 8))]
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
    graph = data.draw(st.sampled_from(GRAPHS))
    content = bytearray(graph)
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
    preprocessor = Preprocessor(ConstantImputer(ZEROS), ZEROS, ONES)
    try:
        checked = read(bytes(content), WIDTH)
    except GraphError:
        return
    # What passes the check is what the evaluator takes.
    found = evaluator(preprocessor, checked)
    assert found is not None
    with contextlib.suppress(ModelOutputError):
        found.predict(np.random.default_rng(0).normal(size=(40, WIDTH)))


def _graphs() -> list[bytes]:
    random = np.random.default_rng(7)
    grown = tuple(random_tree(random, splits) for splits in (3, 0, 5))
    return [
        onnx_graph.build(Trees(trees=grown, inclusive=True, base=0.0), WIDTH),
        onnx_graph.build(Trees(trees=grown, inclusive=False, base=1.0, float32=True), WIDTH),
        onnx_graph.build(Linear(coefficients=np.ones(WIDTH), intercept=1.0), WIDTH),
    ]


GRAPHS = _graphs()
