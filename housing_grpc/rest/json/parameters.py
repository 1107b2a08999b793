"""Puts the parameters of a query into a message."""

import re
from collections.abc import Iterable
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from housing_grpc.rest.http.errors import Reason
from housing_grpc.rest.json import names, well_known
from housing_grpc.rest.json.faults import MOST, FaultError, shortened

Tree = dict[str, Any]

_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
_WHOLE = re.compile(r"-?\d{1,300}")
_FLOATS = (FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT)
_INTEGERS = (
    FieldDescriptor.CPPTYPE_INT32,
    FieldDescriptor.CPPTYPE_INT64,
    FieldDescriptor.CPPTYPE_UINT32,
    FieldDescriptor.CPPTYPE_UINT64,
)


def tree(message: Descriptor, allowed: set[str], pairs: Iterable[tuple[str, str]]) -> Tree:
    """Returns the JSON tree that the parameters stand for.

    Args:
        message: The request.
        allowed: Names of its top-level fields that parameters may set.
        pairs: Names, with dots into messages, and texts; a list's name comes often.

    Raises:
        FaultError: UNKNOWN_PARAMETER or INVALID_PARAMETER.
    """
    found: Tree = {}
    faults = []
    for path, text in pairs:
        try:
            _place(found, message, path, text, allowed)
        except FaultError as error:
            faults += error.faults
            if len(faults) >= MOST:
                break
    if faults:
        raise FaultError(faults)
    return found


def _place(found: Tree, message: Descriptor, path: str, text: str, allowed: set[str]) -> None:
    """Puts one value at its path into a tree."""
    field = None
    for depth, step in enumerate(path.split(".")):
        if depth:
            message = _inside(path, field)
            found = found.setdefault(field.name, {}) if field else found
        field = names.accepted(message).get(step)
        if field is None or (not depth and field.name not in allowed):
            raise _unknown(path, message, allowed)
    if field is None:
        return
    value = _value(field, path, text)
    if field.is_repeated:
        found.setdefault(field.name, []).append(value)
    elif field.name in found:
        raise _invalid(path, "is there twice; send it once")
    else:
        found[field.name] = value


def _inside(path: str, field: FieldDescriptor | None) -> Descriptor:
    if field is None or field.message_type is None or field.is_repeated:
        raise _invalid(path, "goes into a field that holds no message")
    return field.message_type


def _value(field: FieldDescriptor, path: str, text: str) -> Any:
    if field.message_type is not None:
        if not well_known.has_own_form(field.message_type):
            raise _invalid(path, "is a message; name the field in it")
        return text
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        if text not in ("true", "false"):
            raise _invalid(path, "must be true or false")
        return text == "true"
    if field.cpp_type in _FLOATS:
        if not _NUMBER.fullmatch(text):
            raise _invalid(path, "must be a number")
        return float(text)
    if field.cpp_type in _INTEGERS:
        if not _WHOLE.fullmatch(text):
            raise _invalid(path, "must be a whole number")
        return int(text)
    is_number = field.enum_type is not None and _WHOLE.fullmatch(text)
    return int(text) if is_number else text


def _invalid(path: str, text: str) -> FaultError:
    return FaultError.at(Reason.INVALID_PARAMETER, text, shortened(path))


def _unknown(path: str, message: Descriptor, allowed: set[str]) -> FaultError:
    known = [names.spelling(each) for each in message.fields if "." in path or each.name in allowed]
    hint = f"there are: {', '.join(known)}" if known else "there are none"
    return FaultError.at(
        Reason.UNKNOWN_PARAMETER, f"is not a parameter here; {hint}", shortened(path)
    )
