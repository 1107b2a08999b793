from dataclasses import replace

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from admin import models
from admin.export import onnx_graph
from admin.export.flatten import flatten
from admin.strategies.graph import Graph, Linear, Tree, Trees

Rows = NDArray[np.float64]


def tree(*nodes: tuple[int, float, int, int, float]) -> Tree:
    feature, threshold, left, right, value = zip(*nodes, strict=True)
    return Tree(
        feature=np.array(feature),
        threshold=np.array(threshold),
        left=np.array(left),
        right=np.array(right),
        value=np.array(value),
    )


def split(feature: int, threshold: float, low: float, high: float) -> Tree:
    return tree((feature, threshold, 1, 2, 0.0), (-2, 0, -1, -1, low), (-2, 0, -1, -1, high))


STUMP = tree((-2, 0.0, -1, -1, 4.0))


def answers(graph: Graph, rows: Rows) -> list[float]:
    options = onnxruntime.SessionOptions()
    # As the server does; more threads would each sum a part of the trees.
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(onnx_graph.build(flatten(graph), rows.shape[1]), options)
    found = session.run(None, {session.get_inputs()[0].name: rows})[0]
    assert found.dtype == np.float64
    assert found.shape == (len(rows), 1)
    return [float(price) for price in found[:, 0]]


def rows(*values: float) -> Rows:
    """One-feature rows, the feature being the second of three."""
    return np.array([[np.pi, value, -np.pi] for value in values])


def test_linear() -> None:
    graph = Linear(coefficients=np.array([1.0, 2.0, 4.0]), intercept=0.5)
    assert answers(graph, np.array([[1.0, 1.0, 1.0], [0.0, 3.0, -1.0]])) == [7.5, 2.5]


@pytest.mark.parametrize(("inclusive", "at"), [(True, 1.0), (False, 2.0)])
def test_a_value_at_the_threshold(inclusive: bool, at: float) -> None:
    graph = Trees(trees=(split(1, 0.5, 1.0, 2.0),), inclusive=inclusive, base=0.0)
    assert answers(graph, rows(0.25, 0.5, 0.75)) == [1.0, at, 2.0]


def test_features_are_rounded_to_float32_but_thresholds_are_not() -> None:
    below, above = 0.1, float(np.float32(0.1))
    assert below < above
    graph = Trees(trees=(split(1, (below + above) / 2, 1.0, 2.0),), inclusive=True, base=0.0)
    assert answers(graph, rows(below, above)) == [2.0, 2.0]


def test_leaves_are_summed_in_float64() -> None:
    leaf = 1 + 1e-12
    graph = Trees(trees=(split(1, 0.0, leaf, -leaf),) * 3, inclusive=True, base=1e-13)
    assert answers(graph, rows(-1.0, 1.0)) == pytest.approx([3 * leaf, -3 * leaf], abs=1e-14 * 30)
    assert answers(graph, rows(-1.0))[0] != 3.0


def test_nodes_may_stand_in_any_order() -> None:
    # Below 0: below -1 it is 10, else 20. From 0 on: below 1 it is 30, else 40.
    nested = tree(
        (1, 0.0, 3, 1, 0.0),
        (1, 1.0, 5, 2, 0.0),
        (0, 0.0, -1, -1, 40.0),
        (1, -1.0, 6, 4, 0.0),
        (0, 0.0, -1, -1, 20.0),
        (0, 0.0, -1, -1, 30.0),
        (0, 0.0, -1, -1, 10.0),
    )
    for trees, extra in (((nested,), 0), ((split(1, 9.0, 0.5, 0.0), nested), 0.5)):
        graph = Trees(trees=trees, inclusive=False, base=1.0)
        expected = [11 + extra, 21 + extra, 31 + extra, 41 + extra]
        assert answers(graph, rows(-2.0, -0.5, 0.5, 2.0)) == expected


def test_trees_without_a_split_are_added() -> None:
    graph = Trees(trees=(STUMP, split(1, 0.5, 1.0, 2.0), STUMP), inclusive=True, base=0.25)
    assert answers(graph, rows(0.0, 1.0)) == [9.25, 10.25]


def test_an_ensemble_without_any_split_is_constant() -> None:
    graph = Trees(trees=(STUMP, STUMP), inclusive=True, base=0.25)
    assert answers(graph, rows(-3.0, 3.0)) == [8.25, 8.25]


def test_a_large_ensemble() -> None:
    graph = Trees(
        trees=tuple(split(1, cut, 0.0, 1.0) for cut in np.arange(2000) + 0.5),
        inclusive=True,
        base=0.0,
    )
    assert answers(graph, rows(-1.0, 1000.0, 5000.0)) == [0.0, 1000.0, 2000.0]


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("linear", {"alpha": 3.0}),
        ("random_forest", {"n_estimators": 20, "bootstrap": False}),
        ("random_forest", {"n_estimators": 20, "max_depth": 1}),
        ("gradient_boost", {"n_estimators": 50, "loss": "huber"}),
        ("gradient_boost", {"n_estimators": 50, "max_depth": 1}),
        ("xgboost", {"n_estimators": 50, "gamma": 30.0}),
        ("xgboost", {"n_estimators": 50, "min_child_weight": 40, "reg_alpha": 1.0}),
        ("xgboost", {"n_estimators": 50, "max_depth": 9}),
    ],
    ids=str,
)
def test_it_answers_as_the_library_does(name: str, given: dict[str, object]) -> None:
    random = np.random.default_rng(0)
    known = np.round(random.normal(size=(200, 13)), 1)
    prices = 22 + 5 * known[:, 0] + known[:, 1] ** 2
    strategy = models.get(name)
    fitted = strategy.build({**strategy.defaults, **given}, 0).fit(known, prices)
    # Rounded values are at thresholds often, and XGBoost's own exponential is in float32.
    asked = np.concatenate([known, np.round(random.normal(size=(2000, 13)), 1)])
    gap = np.abs(np.array(answers(strategy.graph(fitted), asked)) - fitted.predict(asked))
    assert gap.max() < (1e-5 if name == "xgboost" else 1e-11)


def test_a_sum_in_float32_starts_with_the_base_and_keeps_the_order_of_the_trees() -> None:
    # In float32, 1 is lost in 2e8, but not once 2e8 has been taken back.
    trees = (split(1, 0.5, 1.0, 0.0), split(1, 0.5, -2e8, -2e8), split(1, 0.5, 1.0, 1.0))
    graph = Trees(trees=trees, inclusive=True, base=2e8, float32=True)
    assert answers(graph, rows(0.0)) == [1.0]
    assert answers(replace(graph, float32=False), rows(0.0)) == [2.0]


def test_the_answer_can_be_the_exponential_of_the_sum() -> None:
    graph = Trees(
        trees=(split(1, 0.5, 1.0, 2.0),), inclusive=True, base=0.5, float32=True, exponential=True
    )
    assert answers(graph, rows(0.0, 1.0)) == pytest.approx(np.exp([1.5, 2.5]), rel=1e-12)
