"""Reads the messages of google.protobuf that have a JSON form of their own."""

from typing import Any

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message_factory import GetMessageClass

from housing_grpc.rest.http.errors import Reason
from housing_grpc.rest.json import scalars
from housing_grpc.rest.json.faults import FaultError
from housing_grpc.rest.json.scalars import Read
from housing_grpc.rest.json.strict import Duplicated, NotFinite

_PACKAGE = "google.protobuf."
_WRAPPERS = frozenset(
    f"{_PACKAGE}{kind}Value"
    for kind in ("Double", "Float", "Int64", "UInt64", "Int32", "UInt32", "Bool", "String", "Bytes")
)
_SPECIAL = frozenset(
    f"{_PACKAGE}{kind}"
    for kind in ("Any", "Duration", "FieldMask", "ListValue", "Struct", "Timestamp", "Value")
)
_NULLABLE = frozenset({f"{_PACKAGE}Value", f"{_PACKAGE}NullValue"})


def reader(kind: Descriptor) -> Read | None:
    """Returns what reads such a message, or None if it is like any other."""
    if kind.full_name in _WRAPPERS:
        return _wrapper(kind)
    return _special(kind) if kind.full_name in _SPECIAL else None


def has_own_form(kind: Descriptor) -> bool:
    """Whether a message is written to JSON in a form of its own."""
    return kind.full_name in _WRAPPERS | _SPECIAL


def takes_null(field: FieldDescriptor) -> bool:
    """Whether null is a value of the field, rather than its absence."""
    kind = field.message_type or field.enum_type
    return kind is not None and kind.full_name in _NULLABLE


def _wrapper(kind: Descriptor) -> Read:
    new, read = GetMessageClass(kind), scalars.reader(kind.fields_by_name["value"])
    return lambda value: new(value=read(value))


def _special(kind: Descriptor) -> Read:
    new = GetMessageClass(kind)

    def read(tree: Any) -> Any:
        _check(tree)
        try:
            return json_format.ParseDict(tree, new())
        except (json_format.ParseError, ValueError, TypeError, AttributeError):
            raise FaultError.at(
                Reason.JSON_WRONG_TYPE, f"is not a {kind.full_name} in JSON"
            ) from None

    return read


def _check(tree: Any) -> None:
    if isinstance(tree, Duplicated):
        raise FaultError.at(Reason.JSON_DUPLICATE_KEY, "is there twice; send it once", tree.key)
    if isinstance(tree, NotFinite):
        raise FaultError.at(Reason.JSON_NOT_FINITE, f"is {tree.text}; send a finite number")
    steps = (
        tree.items() if isinstance(tree, dict)
        else ((f"[{index}]", each) for index, each in enumerate(tree)) if isinstance(tree, list)
        else ()
    )  # fmt: skip
    for step, each in steps:
        try:
            _check(each)
        except FaultError as error:
            raise FaultError(error.under(step)) from None
