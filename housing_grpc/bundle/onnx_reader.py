"""Reads the arrays out of a graph as `admin/onnx_graph.py` writes it.

Any other graph is not read at all: what is understood here in part would be answered wrongly.
Whether the arrays are trees is for the evaluator to check.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .onnx_messages import (
    DOUBLE,
    DTYPES,
    FLOAT,
    Node,
    OtherGraphError,
    integer,
    message,
    only,
    read_node,
    read_rows,
    read_tensor,
    require,
    text,
)
from .schema import FEATURE_NAMES

Numbers = NDArray[np.float64]

_OPSETS = {"": 21, "ai.onnx.ml": 5}
_MODES = {0: True, 1: False}
_FIXED = {"n_targets": 1, "aggregate_function": 1, "post_transform": 0}
_INDICES = (
    "tree_roots", "nodes_featureids", "nodes_truenodeids", "nodes_trueleafs", "nodes_falsenodeids",
    "nodes_falseleafs", "leaf_targetids",
)  # fmt: skip
_TENSORS = ("nodes_splits", "nodes_modes", "leaf_weights")


@dataclass(frozen=True, kw_only=True, eq=False)
class Linear:
    """A weighted sum: `coefficients` of shape (features,), and what is added."""

    coefficients: Numbers
    intercept: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Ensemble:
    """A sum of trees, with the attributes of ONNX's TreeEnsemble.

    Attributes:
        indices: The attributes that are integers, by name.
        threshold: Shape (splits,), widened from float32 where it was that.
        weight: Shape (leaves,), likewise.
        inclusive: Whether a value equal to the threshold goes to the true side.
        float32: Whether to sum in float32, tree after tree.
        exponential: Whether the answer is e to the power of the sum.
    """

    indices: dict[str, Any]
    threshold: Numbers
    weight: Numbers
    inclusive: bool
    float32: bool
    exponential: bool


def read(model: bytes) -> Linear | Ensemble:
    """Returns what a graph computes from scaled rows.

    Raises:
        OtherGraphError: It is not a graph of ours.
    """
    try:
        return _read(memoryview(model))
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise OtherGraphError("the graph is another one") from error


def _read(model: memoryview) -> Linear | Ensemble:
    outer = message(model, {1, 2, 3, 7, 8})
    opsets = [message(found, {1, 2}) for found in outer[8]]
    require({text(each[1]): each[2][0] for each in opsets} == _OPSETS)
    graph = message(only(outer[7]), {1, 2, 5, 11, 12})
    nodes = [read_node(found) for found in graph[1]]
    tensors = dict(read_tensor(found) for found in graph[5])
    value = read_rows(only(graph[11]), len(FEATURE_NAMES))
    for node in nodes:
        require(node.inputs[0] == value)
        value = node.output
    require(value == read_rows(only(graph[12]), 1))
    operators = [node.operator for node in nodes]
    if operators == ["MatMul", "Add"]:
        return _linear(nodes, tensors)
    require(operators[:-1] == ["Cast", "Cast", "ai.onnx.ml/TreeEnsemble", "Cast"])
    require(not tensors and operators[-1] in {"Exp", "Identity"})
    return _ensemble(nodes)


def _linear(nodes: list[Node], tensors: dict[str, NDArray[Any]]) -> Linear:
    coefficients, intercept = (tensors[_second(node)] for node in nodes)
    require(coefficients.shape == (len(FEATURE_NAMES), 1) and intercept.shape == (1,))
    require(coefficients.dtype == intercept.dtype == np.float64)
    return Linear(coefficients=coefficients[:, 0], intercept=float(intercept[0]))


def _ensemble(nodes: list[Node]) -> Ensemble:
    require(all(len(node.inputs) == 1 for node in nodes))
    narrowed, compared, trees, total, last = (node.attributes for node in nodes)
    require(narrowed == {"to": FLOAT} and total == {"to": DOUBLE} and not last)
    require(set(trees) == {*_FIXED, *_INDICES, *_TENSORS})
    require(all(trees[name] == value for name, value in _FIXED.items()))
    threshold, modes, weight = (read_tensor(trees[name])[1] for name in _TENSORS)
    indices = {name: trees[name] for name in _INDICES}
    require(all(isinstance(values, np.ndarray) for values in indices.values()))
    require(set(compared) == {"to"})
    kind = DTYPES[integer(compared["to"])]
    require(threshold.dtype == weight.dtype == kind and modes.dtype == np.uint8)
    require(modes.shape == threshold.shape and bool((modes == modes[0]).all()))
    require(not np.any(indices["leaf_targetids"]))
    return Ensemble(
        indices=indices,
        threshold=threshold.astype(np.float64),
        weight=weight.astype(np.float64),
        inclusive=_MODES[int(modes[0])],
        float32=kind == np.float32,
        exponential=nodes[-1].operator == "Exp",
    )


def _second(node: Node) -> str:
    require(len(node.inputs) == 2 and not node.attributes)
    return node.inputs[1]
