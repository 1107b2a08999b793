"""The messages of an ONNX graph, each with the fields that the export writes and no others.

Source of the field numbers: onnx.proto of ONNX 1.23.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .errors import ForeignGraphError, require
from .wire import Value, fields

FLOAT, UINT8, DOUBLE = 1, 2, 11
_DTYPES: dict[int, np.dtype[Any]] = {
    FLOAT: np.dtype("<f4"),
    UINT8: np.dtype("u1"),
    DOUBLE: np.dtype("<f8"),
}


class Field(NamedTuple):
    """What a field holds, and whether it may come more than once."""

    type: type
    repeated: bool = False


_NUMBER, _BYTES, _MANY = Field(int), Field(memoryview), Field(memoryview, repeated=True)
_NUMBERS = Field(np.ndarray)


class Message(NamedTuple):
    """A kind of message: its name for people, and its fields by number."""

    name: str
    fields: Mapping[int, Field]
    run: int = 0


MODEL = Message("the model", {1: _NUMBER, 7: _BYTES, 8: _MANY})
OPSET = Message("an operator set", {1: _BYTES, 2: _NUMBER})
GRAPH = Message("the graph", {1: _MANY, 2: _BYTES, 5: _MANY, 11: _MANY, 12: _MANY})
NODE = Message("a node", {1: _MANY, 2: _MANY, 4: _BYTES, 5: _MANY, 7: _BYTES})
ATTRIBUTE = Message(
    "an attribute", {1: _BYTES, 3: _NUMBER, 5: _BYTES, 8: _NUMBERS, 20: _NUMBER}, run=8
)
TENSOR = Message("a tensor", {1: _NUMBERS, 2: _NUMBER, 8: _BYTES, 9: _BYTES}, run=1)
VALUE = Message("an input or output", {1: _BYTES, 2: _BYTES})
_TYPE = Message("a type", {1: _BYTES})
_TENSOR_TYPE = Message("a type of tensor", {1: _NUMBER, 2: _BYTES})
_SHAPE = Message("a shape", {1: _MANY})
_DIMENSION = Message("a dimension", {1: _NUMBER})

# By the field that holds the value: INT, TENSOR and INTS.
_ATTRIBUTE_TYPES = {3: 2, 5: 4, 8: 7}
_MOST_REPEATED = 16
_MOST_DIMENSIONS = 2
# The leaves of the largest ensemble, in float64.
_MOST_BYTES = 2**25 + 2**10

# Those that somebody may look for; any other field is refused by its number.
_FOREIGN = {
    (MODEL.name, 14): "metadata properties",
    (MODEL.name, 20): "training information",
    (MODEL.name, 25): "functions",
    (GRAPH.name, 13): "descriptions of inner values",
    (GRAPH.name, 15): "sparse tensors",
    (ATTRIBUTE.name, 6): "a graph inside (a loop, a scan or a condition)",
    (ATTRIBUTE.name, 11): "graphs inside (a loop, a scan or a condition)",
    (ATTRIBUTE.name, 22): "a sparse tensor",
    (TENSOR.name, 13): "data in another file",
    (TENSOR.name, 14): "data in another file",
}

Found: TypeAlias = dict[int, list[Any]]


@dataclass(frozen=True, kw_only=True)
class Node:
    """An operator with its domain, such as "Cast" or "ai.onnx.ml/TreeEnsemble"."""

    operator: str
    inputs: list[str]
    outputs: list[str]
    attributes: dict[str, Any]


def read(data: Value, kind: Message) -> Found:
    """Returns the values of each field of a message.

    Raises:
        GraphError: It is not a message.
        ForeignGraphError: It has a field that the export does not write, or one too often.
    """
    found: Found = {number: [] for number in kind.fields}
    for number, value in fields(_view(data), run=kind.run):
        field = kind.fields.get(number)
        if field is None:
            what = _FOREIGN.get((kind.name, number), f"field {number} of ONNX's format")
            raise ForeignGraphError(f"{kind.name} with {what}")
        require(isinstance(value, field.type), f"{kind.name} with field {number} of another type")
        # guard: a field of a graph comes once
        most = _MOST_REPEATED if field.repeated else 1
        require(len(found[number]) < most, f"{kind.name} with field {number} too many times")
        found[number].append(value)
    return found


def read_node(data: Value) -> Node:
    """Reads a node, whose attributes have a name each."""
    found = read(data, NODE)
    attributes = [_attribute(each) for each in found[5]]
    require(len(dict(attributes)) == len(attributes), "a node with two attributes of one name")
    return Node(
        operator="/".join([text(each) for each in (*found[7], only(found[4]))]),
        inputs=[text(each) for each in found[1]],
        outputs=[text(each) for each in found[2]],
        attributes=dict(attributes),
    )


def _attribute(data: Value) -> tuple[str, Value]:
    """Returns the name and value of an integer, of integers, or of a tensor's message."""
    require(len(_view(data)) <= _MOST_BYTES, f"an attribute of more than {_MOST_BYTES} bytes")
    found = read(data, ATTRIBUTE)
    present = [number for number in _ATTRIBUTE_TYPES if found[number]]
    types = [_ATTRIBUTE_TYPES[number] for number in present]
    require(len(types) == 1 and found[20] == types, "an attribute of another type than its value")
    return text(only(found[1])), found[present[0]][0]


def read_tensor(data: Value) -> tuple[list[str], NDArray[Any]]:
    """Returns the name, if there is one, and the numbers of a tensor with raw data."""
    found = read(data, TENSOR)
    kind = _DTYPES.get(only(found[2]))
    if kind is None:
        raise ForeignGraphError("a tensor of another type than float32, float64 and uint8")
    shape, content = only(found[1]).tolist(), only(found[9])
    fits = math.prod(shape) * kind.itemsize == len(content)
    require(len(shape) <= _MOST_DIMENSIONS and fits, "a tensor whose data is of another size")
    return [text(each) for each in found[8]], np.frombuffer(content, kind).reshape(shape)


def read_rows(data: Value) -> tuple[str, list[list[int]]]:
    """Returns the name and shape of an input or output of doubles; a size that is open is []."""
    value = read(data, VALUE)
    tensor = read(only(read(only(value[2]), _TYPE)[1]), _TENSOR_TYPE)
    require(tensor[1] == [DOUBLE], "an input or output that is not of float64")
    dimensions = read(only(tensor[2]), _SHAPE)[1]
    return text(only(value[1])), [read(each, _DIMENSION)[1] for each in dimensions]


def only(values: Sequence[Any]) -> Any:
    """Returns the one value that there is."""
    require(len(values) == 1, "a message that lacks a field")
    return values[0]


def text(value: Value) -> str:
    """Returns a value that is a text; what is no UTF-8 in it equals no name."""
    return bytes(_view(value)).decode(errors="replace")


def _view(value: Value) -> memoryview:
    if not isinstance(value, memoryview):
        raise ForeignGraphError("a number where a message belongs")
    return value
