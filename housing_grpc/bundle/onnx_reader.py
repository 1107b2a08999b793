"""Reads the arrays out of a graph as `admin/onnx_graph.py` writes it.

Any other graph is not read at all: what is understood here in part would be answered wrongly.
Whether the arrays are trees is for the evaluator to check.

Source of the field numbers: onnx.proto of ONNX 1.23.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .schema import FEATURE_NAMES
from .wire import Value, fields

Numbers = NDArray[np.float64]

_OPSETS = {"": 21, "ai.onnx.ml": 5}
_FLOAT, _UINT8, _DOUBLE = 1, 2, 11
_DTYPES: dict[int, np.dtype[Any]] = {
    _FLOAT: np.dtype("<f4"),
    _UINT8: np.dtype("u1"),
    _DOUBLE: np.dtype("<f8"),
}
_MODES = {0: True, 1: False}
_FIXED = {"n_targets": 1, "aggregate_function": 1, "post_transform": 0}
_INDICES = (
    "tree_roots", "nodes_featureids", "nodes_truenodeids", "nodes_trueleafs", "nodes_falsenodeids",
    "nodes_falseleafs", "leaf_targetids",
)  # fmt: skip
_TENSORS = ("nodes_splits", "nodes_modes", "leaf_weights")


class OtherGraphError(ValueError):
    """The graph is not one that `admin/onnx_graph.py` writes."""


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


@dataclass(frozen=True, kw_only=True)
class _Node:
    operator: str
    inputs: list[str]
    output: str
    attributes: dict[str, Value]


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
    outer = _message(model, {1, 2, 3, 7, 8})
    opsets = [_message(found, {1, 2}) for found in outer[8]]
    _require({_text(each[1]): each[2][0] for each in opsets} == _OPSETS)
    graph = _message(_only(outer[7]), {1, 2, 5, 11, 12})
    nodes = [_node(found) for found in graph[1]]
    tensors = dict(_tensor(found) for found in graph[5])
    value = _rows(_only(graph[11]), len(FEATURE_NAMES))
    for node in nodes:
        _require(node.inputs[0] == value)
        value = node.output
    _require(value == _rows(_only(graph[12]), 1))
    operators = [node.operator for node in nodes]
    if operators == ["MatMul", "Add"]:
        return _linear(nodes, tensors)
    _require(operators[:-1] == ["Cast", "Cast", "ai.onnx.ml/TreeEnsemble", "Cast"])
    _require(not tensors and operators[-1] in {"Exp", "Identity"})
    return _ensemble(nodes)


def _linear(nodes: list[_Node], tensors: dict[str, NDArray[Any]]) -> Linear:
    coefficients, intercept = (tensors[_second(node)] for node in nodes)
    _require(coefficients.shape == (len(FEATURE_NAMES), 1) and intercept.shape == (1,))
    _require(coefficients.dtype == intercept.dtype == np.float64)
    return Linear(coefficients=coefficients[:, 0], intercept=float(intercept[0]))


def _ensemble(nodes: list[_Node]) -> Ensemble:
    _require(all(len(node.inputs) == 1 for node in nodes))
    narrowed, compared, trees, total, last = (node.attributes for node in nodes)
    _require(narrowed == {"to": _FLOAT} and total == {"to": _DOUBLE} and not last)
    _require(set(trees) == {*_FIXED, *_INDICES, *_TENSORS})
    _require(all(trees[name] == value for name, value in _FIXED.items()))
    threshold, modes, weight = (_tensor(trees[name])[1] for name in _TENSORS)
    indices = {name: trees[name] for name in _INDICES}
    _require(all(isinstance(values, np.ndarray) for values in indices.values()))
    _require(set(compared) == {"to"})
    kind = _DTYPES[_integer(compared["to"])]
    _require(threshold.dtype == weight.dtype == kind and modes.dtype == np.uint8)
    _require(modes.shape == threshold.shape and bool((modes == modes[0]).all()))
    _require(not np.any(indices["leaf_targetids"]))
    return Ensemble(
        indices=indices,
        threshold=threshold.astype(np.float64),
        weight=weight.astype(np.float64),
        inclusive=_MODES[int(modes[0])],
        float32=kind == np.float32,
        exponential=nodes[-1].operator == "Exp",
    )


def _message(data: Value, known: set[int], *, run: int = 0) -> dict[int, list[Any]]:
    """Returns the values of each field; a field that is not known could mean anything."""
    found: dict[int, list[Any]] = {number: [] for number in known}
    for number, value in fields(_view(data), run=run):
        found[number].append(value)
    return found


def _node(data: Value) -> _Node:
    found = _message(data, {1, 2, 3, 4, 5, 7})
    domain = [_text([each]) for each in found[7]]
    attributes = [_attribute(each) for each in found[5]]
    _require(len(dict(attributes)) == len(attributes))
    return _Node(
        operator="/".join([*domain, _text(found[4])]),
        inputs=[_text([each]) for each in found[1]],
        output=_text(found[2]),
        attributes=dict(attributes),
    )


def _attribute(data: Value) -> tuple[str, Value]:
    """Returns the name and value of an integer, of integers, or of a tensor's message."""
    found = _message(data, {1, 3, 5, 8, 20}, run=8)
    return _text(found[1]), _only([*found[3], *found[5], *found[8]])


def _tensor(data: Value) -> tuple[str, NDArray[Any]]:
    found = _message(data, {1, 2, 8, 9}, run=1)
    values = np.frombuffer(_view(_only(found[9])), dtype=_DTYPES[_integer(_only(found[2]))])
    name = _text(found[8]) if found[8] else ""
    return name, values.reshape([int(size) for size in _only(found[1])])


def _rows(data: Value, width: int) -> str:
    """Returns the name of an input or output that is rows of so many doubles."""
    value = _message(data, {1, 2})
    tensor = _message(_only(_message(_only(value[2]), {1})[1]), {1, 2})
    shape = [_message(each, {1, 2}) for each in _message(_only(tensor[2]), {1})[1]]
    _require(tensor[1] == [_DOUBLE] and len(shape) == 2 and shape[1][1] == [width])
    return _text(value[1])


def _second(node: _Node) -> str:
    _require(len(node.inputs) == 2 and not node.attributes)
    return node.inputs[1]


def _only(values: Sequence[Any]) -> Any:
    [value] = values
    return value


def _text(values: Sequence[Any]) -> str:
    return bytes(_view(_only(values))).decode()


def _view(value: Value) -> memoryview:
    if not isinstance(value, memoryview):
        raise TypeError("a number stands where a message belongs")
    return value


def _integer(value: Value) -> int:
    if not isinstance(value, int):
        raise TypeError("a message stands where a number belongs")
    return value


def _require(condition: bool) -> None:
    if not condition:
        raise OtherGraphError("the graph is another one")
