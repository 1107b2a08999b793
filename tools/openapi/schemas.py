"""JSON schemas of messages."""

from itertools import combinations
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from housing_grpc.rest.http import status
from housing_grpc.rest.json.names import spelling
from tools.openapi import examples
from tools.openapi.comments import Comments

Schema = dict[str, Any]

_F = FieldDescriptor


def _bounded(name: str, bits: int, *, signed: bool) -> Schema:
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    if bits == 32:
        return {"type": "integer", "format": name, "minimum": low, "maximum": high}
    # Above 2^53 they are texts, which is all that JavaScript can hold.
    pattern = "^-?[0-9]{1,19}$" if signed else "^[0-9]{1,20}$"
    return {"type": ["integer", "string"], "format": name, "minimum": low, "pattern": pattern}


_INT32, _UINT32 = _bounded("int32", 32, signed=True), _bounded("uint32", 32, signed=False)
_INT64, _UINT64 = _bounded("int64", 64, signed=True), _bounded("uint64", 64, signed=False)
_SCALARS: dict[int, Schema] = {
    _F.TYPE_DOUBLE: {"type": "number", "format": "double"},
    _F.TYPE_BOOL: {"type": "boolean"},
    _F.TYPE_STRING: {"type": "string"},
    _F.TYPE_BYTES: {"type": "string", "contentEncoding": "base64"},
    **dict.fromkeys((_F.TYPE_INT32, _F.TYPE_SINT32, _F.TYPE_SFIXED32), _INT32),
    **dict.fromkeys((_F.TYPE_UINT32, _F.TYPE_FIXED32), _UINT32),
    **dict.fromkeys((_F.TYPE_INT64, _F.TYPE_SINT64, _F.TYPE_SFIXED64), _INT64),
    **dict.fromkeys((_F.TYPE_UINT64, _F.TYPE_FIXED64), _UINT64),
}
_WELL_KNOWN: dict[str, Schema] = {
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.Duration": {"type": "string", "pattern": r"^-?\d+(\.\d{1,9})?s$"},
    "google.protobuf.Any": {
        "type": "object",
        "properties": {"@type": {"type": "string"}},
        "required": ["@type"],
    },
}


class Schemas:
    """Schemas of messages, each made once and referred to.

    Args:
        comments: What the contract says of its parts.

    Attributes:
        components: The schemas by name.
    """

    def __init__(self, comments: Comments) -> None:
        self._comments = comments
        self.components: dict[str, Schema] = {}

    def request(self, kind: Descriptor | FieldDescriptor) -> Schema:
        """Returns the schema of what is sent: strict, and nothing has to be there."""
        if isinstance(kind, FieldDescriptor):
            return self._field(kind, sent=True)
        return self._message(kind, sent=True)

    def response(self, kind: Descriptor | FieldDescriptor) -> Schema:
        """Returns the schema of what is answered: all that has a default is there."""
        if isinstance(kind, FieldDescriptor):
            return self._field(kind, sent=False)
        return self._message(kind, sent=False)

    def _message(self, kind: Descriptor, *, sent: bool) -> Schema:
        if kind.full_name in _WELL_KNOWN:
            return dict(_WELL_KNOWN[kind.full_name])
        if kind.full_name == status.NAME and not sent:
            return {"$ref": "#/components/schemas/Status"}
        name = kind.full_name.removeprefix("housing.") + ("" if sent else ".Out")
        if name not in self.components:
            self.components[name] = {}  # A message may hold others of its own type.
            self.components[name] = self._object(kind, sent=sent)
        return {"$ref": f"#/components/schemas/{name}"}

    def _object(self, kind: Descriptor, *, sent: bool) -> Schema:
        schema: Schema = {"type": "object", "title": kind.name}
        text = self._comments.text(kind.full_name)
        if text:
            schema["description"] = text
        schema["properties"] = {
            spelling(field): self._described(field, sent=sent) for field in kind.fields
        }
        if sent:
            schema["additionalProperties"] = False
            self._forbid_rivals(kind, schema)
        else:
            schema["required"] = [spelling(f) for f in kind.fields if not f.has_presence]
        example = examples.of(kind.full_name)
        if example is not None:
            schema["examples"] = [example]
        return schema

    def _described(self, field: FieldDescriptor, *, sent: bool) -> Schema:
        schema = self._field(field, sent=sent)
        text = self._comments.text(field.full_name)
        if sent and isinstance(schema.get("type"), str):
            schema = {**schema, "type": [schema["type"], "null"]}
        elif sent:
            schema = {"anyOf": [schema, {"type": "null"}]}
        return {**schema, "description": " ".join(text.split())} if text else schema

    def _field(self, field: FieldDescriptor, *, sent: bool) -> Schema:
        kind = field.message_type
        if kind is not None and kind.GetOptions().map_entry:
            values = self._value(kind.fields_by_name["value"], sent=sent)
            return {"type": "object", "additionalProperties": values}
        one = self._value(field, sent=sent)
        return {"type": "array", "items": one} if field.is_repeated else one

    def _value(self, field: FieldDescriptor, *, sent: bool) -> Schema:
        if field.message_type is not None:
            return self._message(field.message_type, sent=sent)
        if field.enum_type is not None:
            return {"type": "string", "enum": list(field.enum_type.values_by_name)}
        return dict(_SCALARS[field.type])

    @staticmethod
    def _forbid_rivals(kind: Descriptor, schema: Schema) -> None:
        given = {"not": {"type": "null"}}
        pairs = [
            {"required": names, "properties": dict.fromkeys(names, given)}
            for oneof in kind.oneofs
            for names in map(list, combinations(map(spelling, oneof.fields), 2))
        ]
        if pairs:
            schema["not"] = {"anyOf": pairs} if len(pairs) > 1 else pairs[0]
