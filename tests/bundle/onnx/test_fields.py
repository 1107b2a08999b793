"""Every field that ONNX's format has: one that the export does not write is refused.

Two parsers can read the same bytes differently where a field comes twice or is of another
type than it should be, and one of them would then see what the other has not checked.
"""

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
import pytest
from google.protobuf.descriptor import FieldDescriptor
from onnx import ModelProto

from admin.export import onnx_graph
from admin.export.flatten import flatten
from admin.strategies.graph import Graph, Linear, Trees
from housing_grpc.bundle.onnx import GraphError, read
from tests.bundle.random_trees import random_tree
from tests.support.varints import varint

WIDTH = 13
GRAPHS: dict[str, Graph] = {
    "linear": Linear(coefficients=np.ones(WIDTH), intercept=1.0),
    "trees": Trees(
        trees=(random_tree(np.random.default_rng(0), 3),), inclusive=True, base=0.5, float32=True
    ),
}
MODELS = {
    name: onnx.load_from_string(onnx_graph.build(flatten(graph), WIDTH))
    for name, graph in GRAPHS.items()
}

Path = tuple[tuple[str, int], ...]


def paths(message: Any, path: Path = ()) -> Iterator[Path]:
    """Gives the way to each message inside a message, itself included."""
    yield path
    for field, value in message.ListFields():
        if field.message_type is not None:
            for number, each in enumerate(value if field.is_repeated else [value]):
                yield from paths(each, (*path, (field.name, number)))


def place(message: Any, path: Path) -> Any:
    for name, number in path:
        repeated = message.DESCRIPTOR.fields_by_name[name].is_repeated
        message = getattr(message, name)[number] if repeated else getattr(message, name)
    return message


def add(message: Any, field: FieldDescriptor) -> None:
    """Gives a message a field, or one value more of it."""
    value = getattr(message, field.name)
    if field.message_type is not None:
        value.add() if field.is_repeated else value.SetInParent()
        return
    new = {field.TYPE_STRING: "x", field.TYPE_BYTES: b"x"}.get(field.type, 1)
    if field.is_repeated:
        value.append(new)
    else:
        setattr(message, field.name, new)


def tag(number: int, kind: int) -> bytes:
    return varint(number << 3 | kind)


VARINT, EIGHT, BYTES, FOUR = 0, 1, 2, 5
CONTENT = {VARINT: b"\x01", EIGHT: bytes(8), BYTES: b"\x01\x01", FOUR: bytes(4)}


def encoded(message: Any, path: Path, extra: bytes) -> bytes:
    """Returns a message with bytes put behind those of one that is inside it."""
    if not path:
        return bytes(message.SerializeToString()) + extra
    (name, number), *rest = path
    field = message.DESCRIPTOR.fields_by_name[name]
    found = getattr(message, name)
    inner = encoded(found[number] if field.is_repeated else found, tuple(rest), extra)
    others = copy.deepcopy(message)
    before, after = b"", b""
    if field.is_repeated:
        kept = [each.SerializeToString() for each in found]
        before = b"".join(framed(field, each) for each in kept[:number])
        after = b"".join(framed(field, each) for each in kept[number + 1 :])
    others.ClearField(name)
    return bytes(others.SerializeToString()) + before + framed(field, inner) + after


def framed(field: FieldDescriptor, content: bytes) -> bytes:
    return tag(field.number, BYTES) + varint(len(content)) + content


PLACES = [(name, path) for name, model in MODELS.items() for path in paths(model)]


@pytest.mark.parametrize("name", MODELS)
def test_the_order_of_fields_does_not_matter(name: str) -> None:
    model = MODELS[name]
    for path in paths(model):
        data = encoded(model, path, b"")
        assert ModelProto.FromString(data) == model
        assert onnx_graph.build(read(data, WIDTH), WIDTH) == model.SerializeToString()


@pytest.mark.parametrize(("name", "path"), PLACES, ids=str)
def test_each_field_that_is_added_is_refused(name: str, path: Path) -> None:
    model = MODELS[name]
    for field in place(model, path).DESCRIPTOR.fields:
        changed = copy.deepcopy(model)
        add(place(changed, path), field)
        if changed == model:
            continue  # It has that value already.
        with pytest.raises(GraphError):
            read(changed.SerializeToString(), WIDTH)


@pytest.mark.parametrize(("name", "path"), PLACES, ids=str)
def test_each_field_in_another_form_or_once_more_is_refused(name: str, path: Path) -> None:
    model = MODELS[name]
    numbers = [field.number for field in place(model, path).DESCRIPTOR.fields]
    for number in [*numbers, max(numbers) + 1]:
        for kind, content in CONTENT.items():
            data = encoded(model, path, tag(number, kind) + content)
            with pytest.raises(GraphError):
                read(data, WIDTH)
