"""Makes JSON of messages: in the contract's order and spelling, defaults included.

A writer is made once for each message type. Messages of google.protobuf that have a
JSON form of their own are left to protobuf; google.rpc.Status has the form of our errors.
"""

import base64
import json
import math
from collections.abc import Callable
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from housing_grpc.rest.http import status
from housing_grpc.rest.json import well_known
from housing_grpc.rest.json.names import spelling

Write = Callable[[Any], Any]

# JavaScript holds whole numbers up to here; larger ones are written as texts.
_SAFE_INTEGER = 2**53
_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False)
_64_BIT = (FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT64)


class Writers:
    """The writers of all message types."""

    def __init__(self) -> None:
        self._messages: dict[str, Write] = {}

    def message(self, kind: Descriptor) -> Write:
        """Returns what makes a JSON tree of a message."""
        found = self._messages.get(kind.full_name)
        if found is None and well_known.has_own_form(kind):
            found = self._messages[kind.full_name] = _by_protobuf
        elif found is None and kind.full_name == status.NAME:
            found = self._messages[kind.full_name] = status.tree
        elif found is None:
            # Known before its fields are: a message may hold others of its own type.
            made = _MessageWriter()
            found = self._messages[kind.full_name] = made
            made.fields = [
                (spelling(field), field.name, field.has_presence, self.field(field))
                for field in kind.fields
            ]
        return found

    def field(self, field: FieldDescriptor) -> Write:
        """Returns what makes a JSON tree of a field as a whole."""
        kind = field.message_type
        if kind is not None and kind.GetOptions().map_entry:
            one = self._value(kind.fields_by_name["value"])
            return lambda values: {key: one(value) for key, value in values.items()}
        one = self._value(field)
        return (lambda values: [one(value) for value in values]) if field.is_repeated else one

    def _value(self, field: FieldDescriptor) -> Write:
        if field.message_type is not None:
            return self.message(field.message_type)
        if field.enum_type is not None:
            names = {value.number: value.name for value in field.enum_type.values}
            return lambda number: names.get(number, number)
        if field.cpp_type in _64_BIT:
            return lambda value: value if -_SAFE_INTEGER < value < _SAFE_INTEGER else str(value)
        return _WRITERS.get(field.type, _as_it_is)


class _MessageWriter:
    def __init__(self) -> None:
        self.fields: list[tuple[str, str, bool, Write]] = []

    def __call__(self, message: Message) -> dict[str, Any]:
        return {
            key: write(getattr(message, name))
            for key, name, optional, write in self.fields
            if not optional or message.HasField(name)
        }


def encode(tree: Any) -> bytes:
    """Returns a tree as the bytes that are sent."""
    return _ENCODER.encode(tree).encode()


def _by_protobuf(message: Any) -> str:
    text: str = message.ToJsonString()
    return text


def _as_it_is(value: Any) -> Any:
    return value


def _double(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _bytes(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


_WRITERS: dict[int, Write] = {
    FieldDescriptor.TYPE_DOUBLE: _double,
    FieldDescriptor.TYPE_BYTES: _bytes,
}
