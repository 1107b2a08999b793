"""Reads a graph as `admin/export/onnx_graph.py` writes it, and refuses any other.

There are two forms, a weighted sum and an ensemble of trees, each with its nodes, names, types
and sizes. Only the numbers differ from model to model.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import Counts, Vector
from ..regressor_file import Linear
from ..trees import Trees, TreesError, check
from . import messages as m
from .errors import ForeignGraphError, require

_IR_VERSION = 10
_OPSETS = [("", 21), ("ai.onnx.ml", 5)]
_TREES = "ai.onnx.ml/TreeEnsemble"
# Operator, inputs and output of each node.
_SUM_FORM = [
    ("MatMul", ["scaled", "coefficients"], ["sum"]),
    ("Add", ["sum", "intercept"], ["price"]),
]
_TREES_FORM = [
    ("Cast", ["scaled"], ["rounded"]),
    ("Cast", ["rounded"], ["compared"]),
    (_TREES, ["compared"], ["sum"]),
    ("Cast", ["sum"], ["total"]),
]
_LAST = {operator: (operator, ["total"], ["price"]) for operator in ("Identity", "Exp")}
_OPERATORS = frozenset({"MatMul", "Add", "Cast", _TREES, *_LAST})

# By the number of the comparison: whether a value equal to the threshold goes to the true side.
_INCLUSIVE = {0: True, 1: False}
_FIXED = {"n_targets": 1, "aggregate_function": 1, "post_transform": 0}
_INDICES = (
    "tree_roots", "nodes_featureids", "nodes_truenodeids", "nodes_trueleafs", "nodes_falsenodeids",
    "nodes_falseleafs", "leaf_targetids",
)  # fmt: skip
_COLUMNS = (
    "nodes_featureids", "nodes_truenodeids", "nodes_trueleafs", "nodes_falsenodeids",
    "nodes_falseleafs",
)  # fmt: skip
_TENSORS = ("nodes_splits", "nodes_modes", "leaf_weights")


def read(content: bytes, features: int) -> Linear | Trees:
    """Reads and checks a graph; returns what it computes from scaled rows.

    Args:
        content: The bytes of `model.onnx`.
        features: Number of features.

    Raises:
        GraphError: It is no ONNX graph.
        ForeignGraphError: It is one that the export does not write.
    """
    outer = m.read(memoryview(content), m.MODEL)
    graph = m.read(m.only(outer[7]), m.GRAPH)
    # First, as what they hold says most about a graph of somebody else.
    tensors = [m.read_tensor(each) for each in graph[5]]
    nodes = [m.read_node(each) for each in graph[1]]
    opsets = [m.read(found, m.OPSET) for found in outer[8]]
    versions = [(m.text(m.only(each[1])), m.only(each[2])) for each in opsets]
    known = outer[1] == [_IR_VERSION] and versions == _OPSETS
    require(known, "another version of ONNX or of its operators")
    require([m.text(each) for each in graph[2]] == ["prices"], "a graph of another name")
    given = [m.read_rows(each) for each in graph[11]], [m.read_rows(each) for each in graph[12]]
    wanted = [("scaled", [[], [features]])], [("price", [[], [1]])]
    require(given == wanted, f"other inputs and outputs than rows of {features} and their prices")
    return _regressor(nodes, tensors, features)


def _regressor(
    nodes: list[m.Node], tensors: list[tuple[list[str], NDArray[Any]]], features: int
) -> Linear | Trees:
    require({node.operator for node in nodes} <= _OPERATORS, "an operator that is not used")
    form = [(node.operator, node.inputs, node.outputs) for node in nodes]
    names = [name for name, _ in tensors]
    if form == _SUM_FORM and names == [["coefficients"], ["intercept"]]:
        require(not any(node.attributes for node in nodes), "attributes that are not used")
        return _linear(tensors[0][1], tensors[1][1], features)
    require(form[:-1] == _TREES_FORM and form[-1] in _LAST.values(), "nodes of another form")
    require(not tensors, "tensors that are not used")
    return _ensemble(nodes, features)


def _linear(coefficients: NDArray[Any], intercept: NDArray[Any], features: int) -> Linear:
    shapes = coefficients.shape == (features, 1) and intercept.shape == (1,)
    doubles = coefficients.dtype == intercept.dtype == np.float64
    require(shapes and doubles, "a weighted sum of another shape")
    _require_finite(coefficients, intercept)
    return Linear(coefficients=coefficients[:, 0], intercept=float(intercept[0]))


def _ensemble(nodes: list[m.Node], features: int) -> Trees:
    narrowed, compared, trees, total, last = (node.attributes for node in nodes)
    require(narrowed == {"to": m.FLOAT} and total == {"to": m.DOUBLE}, "a cast to another type")
    require(compared in ({"to": m.FLOAT}, {"to": m.DOUBLE}), "a cast to another type")
    require(not last and set(trees) == {*_FIXED, *_INDICES, *_TENSORS}, "other attributes")
    fixed = all(isinstance(trees[name], int) and trees[name] == _FIXED[name] for name in _FIXED)
    require(fixed, "trees that are not summed up to one price")
    threshold, modes, weight = (_vector(trees[name]) for name in _TENSORS)
    kind = np.dtype("<f4" if compared["to"] == m.FLOAT else "<f8")
    types = threshold.dtype == weight.dtype == kind and modes.dtype == np.uint8
    require(types and modes.shape == threshold.shape, "trees with numbers of another type")
    _require_finite(threshold, weight)
    indices = {name: _indices(trees[name]) for name in _INDICES}
    require(indices["leaf_targetids"].shape == weight.shape, "leaves of another number")
    require(not indices["leaf_targetids"].any(), "trees of more than one price")
    columns = [len(indices[name]) for name in _COLUMNS]
    require(columns == [len(modes)] * len(_COLUMNS), "splits of another number")
    require(len(modes) > 0, "trees without a split")
    inclusive = _INCLUSIVE.get(int(modes[0]))
    if inclusive is None or bool((modes != modes[0]).any()):
        raise ForeignGraphError("splits that compare otherwise")
    return _joined(
        indices,
        threshold.astype(np.float64),
        weight.astype(np.float64),
        features,
        inclusive=inclusive,
        float32=kind == np.float32,
        exponential=nodes[-1].operator == "Exp",
    )


def _joined(
    indices: dict[str, Counts], threshold: Vector, weight: Vector, features: int, **flags: bool
) -> Trees:
    """Returns trees whose nodes are the splits, then the leaves."""
    splits, leaves = len(threshold), np.full(len(weight), -1)
    children = []
    for side in ("true", "false"):
        place, is_leaf = indices[f"nodes_{side}nodeids"], indices[f"nodes_{side}leafs"]
        require(bool((is_leaf <= 1).all()), "a child that is neither a leaf nor a split")
        within = place < np.where(is_leaf == 1, len(weight), splits)
        require(bool(within.all()), "a child that is not there")
        children.append(np.concatenate([place + splits * is_leaf, leaves]))
    roots = indices["tree_roots"]
    require(bool((roots < splits).all()), "a child that is not there")
    feature = np.concatenate([indices["nodes_featureids"], np.zeros(len(weight), dtype=np.int64)])
    number, (left, right) = np.concatenate([threshold, weight]), children
    trees = Trees(roots=roots, feature=feature, number=number, left=left, right=right, **flags)
    try:
        check(trees, features)
    except TreesError as error:
        raise ForeignGraphError(str(error)) from error
    return trees


def _vector(value: Any) -> NDArray[Any]:
    name, numbers = m.read_tensor(value)
    require(not name and numbers.ndim == 1, "a tensor of another form")
    return numbers


def _indices(value: Any) -> Counts:
    if not isinstance(value, np.ndarray):
        raise ForeignGraphError("a value where indices belong")
    return value


def _require_finite(*numbers: NDArray[Any]) -> None:
    finite = all(bool(np.isfinite(each).all()) for each in numbers)
    require(finite, "a number that is not finite")
