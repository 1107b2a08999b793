"""Puts the parameters of a query into a message."""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from housing_grpc.rest.http.errors import Reason
from housing_grpc.rest.json import names, well_known
from housing_grpc.rest.json.faults import MOST, FaultError, shortened
from housing_grpc.rest.json.scalars import Read

Tree = dict[str, Any]

_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
_WHOLE = re.compile(r"-?\d{1,300}", re.ASCII)
_FLOATS = (FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT)
_INTEGERS = (
    FieldDescriptor.CPPTYPE_INT32,
    FieldDescriptor.CPPTYPE_INT64,
    FieldDescriptor.CPPTYPE_UINT32,
    FieldDescriptor.CPPTYPE_UINT64,
)


def read(query: bytes, kind: Descriptor, allowed: set[str], make: Read) -> Message:
    """Returns the message that a query stands for.

    Args:
        query: As it stands in the request's line.
        kind: Of the message.
        allowed: Names of its top-level fields that parameters may set.
        make: Makes the message of a JSON tree.

    Raises:
        FaultError: UNKNOWN_PARAMETER or INVALID_PARAMETER.
    """
    text = query.decode("latin-1")
    pairs = parse_qsl(text, keep_blank_values=True, errors="surrogateescape")
    found = tree(kind, allowed, pairs)
    try:
        message: Message = make(found)
    except FaultError as error:
        raise FaultError(
            (path, Reason.INVALID_PARAMETER, text) for path, _, text in error.faults
        ) from None
    return message


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
        if field is not None and not depth and field.name not in allowed:
            raise _in_the_body(path)
        if field is None:
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


def _in_the_body(path: str) -> FaultError:
    text = "is not a parameter here; send it in the body"
    return FaultError.at(Reason.UNKNOWN_PARAMETER, text, shortened(path))


def _unknown(path: str, message: Descriptor, allowed: set[str]) -> FaultError:
    known = [names.spelling(each) for each in message.fields if "." in path or each.name in allowed]
    hint = f"there are: {', '.join(known)}" if known else "there are none"
    return FaultError.at(
        Reason.UNKNOWN_PARAMETER, f"is not a parameter here; {hint}", shortened(path)
    )
