"""How fields are spelled in JSON."""

from collections.abc import Mapping
from functools import cache

from google.protobuf.descriptor import Descriptor, FieldDescriptor


def spelling(field: FieldDescriptor) -> str:
    """Returns the name that the proxy writes: the field's own, unless it was given another."""
    return field.json_name if _was_renamed(field) else field.name


@cache
def accepted(message: Descriptor) -> Mapping[str, FieldDescriptor]:
    """Returns the fields by every name that the proxy reads."""
    return {name: field for field in message.fields for name in (field.name, field.json_name)}


def _was_renamed(field: FieldDescriptor) -> bool:
    head, *tail = field.name.split("_")
    usual = head + "".join(part[:1].upper() + part[1:] for part in tail)
    return bool(field.json_name != usual)
