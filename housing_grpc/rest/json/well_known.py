"""Reads the messages of google.protobuf that have a JSON form of their own: times."""

from typing import Any

from google.protobuf.descriptor import Descriptor
from google.protobuf.message_factory import GetMessageClass

from housing_grpc.rest.http.errors import Reason
from housing_grpc.rest.json import scalars
from housing_grpc.rest.json.faults import FaultError
from housing_grpc.rest.json.scalars import Read

_NAMES = frozenset({"google.protobuf.Duration", "google.protobuf.Timestamp"})


def has_own_form(kind: Descriptor) -> bool:
    """Whether a message is written to JSON in a form of its own."""
    return kind.full_name in _NAMES


def reader(kind: Descriptor) -> Read | None:
    """Returns what reads such a message, or None if it is like any other."""
    if not has_own_form(kind):
        return None
    new = GetMessageClass(kind)

    def read(value: Any) -> Any:
        message: Any = new()
        try:
            message.FromJsonString(scalars.text(value))
        except ValueError:
            text = f"is not a {kind.full_name} in JSON"
            raise FaultError.at(Reason.JSON_WRONG_TYPE, text) from None
        return message

    return read
