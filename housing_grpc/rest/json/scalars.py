"""Reads single values of JSON strictly: a text is no number, and `true` is none either."""

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor

from housing_grpc.rest.http.errors import Reason
from housing_grpc.rest.json.faults import FaultError, shortened
from housing_grpc.rest.json.strict import NotFinite

Read = Callable[[Any], Any]

_DECIMAL = re.compile(r"-?\d{1,20}", re.ASCII)


def reader(field: FieldDescriptor) -> Read:
    """Returns what reads one value of a field that is neither message nor map."""
    if field.enum_type is not None:
        return _enum(field.enum_type)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return _bytes
    return _READERS[field.cpp_type]


def wrong(value: Any, wanted: str) -> FaultError:
    """Returns the fault of a value that is of another type than is wanted."""
    return FaultError.at(Reason.JSON_WRONG_TYPE, f"is {_described(value)}; send {wanted}")


def _described(value: Any) -> str:
    for constant, text in ((None, "null"), (True, "true"), (False, "false")):
        if value is constant:
            return text
    kinds = ((str, "a text"), (dict, "an object"), (list, "a list"))
    return next((text for kind, text in kinds if isinstance(value, kind)), "a number")


def _double(value: Any) -> float:
    if type(value) is float and -_LARGEST <= value <= _LARGEST:
        return value
    if type(value) is int:
        return float(value)
    if isinstance(value, float | NotFinite):
        text = value.text if isinstance(value, NotFinite) else "too large"
        raise FaultError.at(
            Reason.JSON_NOT_FINITE, f"is {text}; send a finite number, or leave it out"
        )
    raise wrong(value, "a number" + (" without quotes" if isinstance(value, str) else ""))


def _integer(low: int, high: int) -> Read:
    def read(value: Any) -> int:
        if high > 2**32 and isinstance(value, str) and _DECIMAL.fullmatch(value):
            value = int(value)
        found = value if type(value) is int else _double(value)
        if found != int(found):
            raise wrong(value, "a whole number")
        if not low <= found <= high:
            raise FaultError.at(Reason.JSON_OUT_OF_RANGE, f"must be {low} to {high}")
        return int(found)

    return read


def _bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise wrong(value, "true or false")


def text(value: Any) -> str:
    """Reads a text."""
    if not isinstance(value, str):
        raise wrong(value, "a text")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise FaultError.at(
                Reason.JSON_WRONG_TYPE, "holds half of a surrogate pair; send whole characters"
            ) from None
    return value


def _bytes(value: Any) -> bytes:
    encoded = text(value).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise FaultError.at(Reason.JSON_WRONG_TYPE, "is not base64") from None


def _enum(kind: EnumDescriptor) -> Read:
    names = ", ".join(kind.values_by_name)

    def read(value: Any) -> int:
        if isinstance(value, str) and value in kind.values_by_name:
            return int(kind.values_by_name[value].number)
        if type(value) is int and value in kind.values_by_number:
            return value
        if isinstance(value, str):
            raise FaultError.at(
                Reason.JSON_WRONG_TYPE, f'is "{shortened(value)}"; send one of {names}'
            )
        raise wrong(value, f"one of {names}")

    return read


_LARGEST = 1.7976931348623157e308
_READERS: dict[int, Read] = {
    FieldDescriptor.CPPTYPE_DOUBLE: _double,
    FieldDescriptor.CPPTYPE_INT32: _integer(-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_UINT32: _integer(0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_INT64: _integer(-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT64: _integer(0, 2**64 - 1),
    FieldDescriptor.CPPTYPE_BOOL: _bool,
    FieldDescriptor.CPPTYPE_STRING: text,
}
