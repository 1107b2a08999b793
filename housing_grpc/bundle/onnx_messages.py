"""The messages of an ONNX graph that `onnx_reader.py` needs, and no others.

Source of the field numbers: onnx.proto of ONNX 1.23.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .wire import Value, fields

FLOAT, UINT8, DOUBLE = 1, 2, 11
DTYPES: dict[int, np.dtype[Any]] = {
    FLOAT: np.dtype("<f4"),
    UINT8: np.dtype("u1"),
    DOUBLE: np.dtype("<f8"),
}


class OtherGraphError(ValueError):
    """The graph is not one that `admin/onnx_graph.py` writes."""


@dataclass(frozen=True, kw_only=True)
class Node:
    """An operator with its domain, such as "Cast" or "ai.onnx.ml/TreeEnsemble"."""

    operator: str
    inputs: list[str]
    output: str
    attributes: dict[str, Value]


def message(data: Value, known: set[int], *, run: int = 0) -> dict[int, list[Any]]:
    """Returns the values of each field; a field that is not known could mean anything."""
    found: dict[int, list[Any]] = {number: [] for number in known}
    for number, value in fields(_view(data), run=run):
        found[number].append(value)
    return found


def read_node(data: Value) -> Node:
    """Reads a NodeProto of one output, whose attributes have a name each."""
    found = message(data, {1, 2, 3, 4, 5, 7})
    domain = [text([each]) for each in found[7]]
    attributes = [_attribute(each) for each in found[5]]
    require(len(dict(attributes)) == len(attributes))
    return Node(
        operator="/".join([*domain, text(found[4])]),
        inputs=[text([each]) for each in found[1]],
        output=text(found[2]),
        attributes=dict(attributes),
    )


def _attribute(data: Value) -> tuple[str, Value]:
    """Returns the name and value of an integer, of integers, or of a tensor's message."""
    found = message(data, {1, 3, 5, 8, 20}, run=8)
    return text(found[1]), only([*found[3], *found[5], *found[8]])


def read_tensor(data: Value) -> tuple[str, NDArray[Any]]:
    """Returns the name, "" for none, and the numbers of a TensorProto with raw data."""
    found = message(data, {1, 2, 8, 9}, run=1)
    values = np.frombuffer(_view(only(found[9])), dtype=DTYPES[integer(only(found[2]))])
    name = text(found[8]) if found[8] else ""
    return name, values.reshape([int(size) for size in only(found[1])])


def read_rows(data: Value, width: int) -> str:
    """Returns the name of an input or output that is rows of so many doubles."""
    value = message(data, {1, 2})
    tensor = message(only(message(only(value[2]), {1})[1]), {1, 2})
    shape = [message(each, {1, 2}) for each in message(only(tensor[2]), {1})[1]]
    require(tensor[1] == [DOUBLE] and len(shape) == 2 and shape[1][1] == [width])
    return text(value[1])


def only(values: Sequence[Any]) -> Any:
    """Returns the one value that there is; a ValueError if there are none or more."""
    [value] = values
    return value


def text(values: Sequence[Any]) -> str:
    """Returns the one value, which is a text."""
    return bytes(_view(only(values))).decode()


def _view(value: Value) -> memoryview:
    if not isinstance(value, memoryview):
        raise TypeError("a number stands where a message belongs")
    return value


def integer(value: Value) -> int:
    """Returns a value that is one number; a TypeError if it is not."""
    if not isinstance(value, int):
        raise TypeError("a message stands where a number belongs")
    return value


def require(condition: bool) -> None:
    """Raises OtherGraphError unless the condition holds."""
    if not condition:
        raise OtherGraphError("the graph is another one")
