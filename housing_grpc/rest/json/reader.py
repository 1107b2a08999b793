"""Makes messages of JSON trees, strictly: every key must be a known field, and be there once.

A reader is made once for each message type; reading is then one look-up a field.
All that is wrong is reported together, up to a limit, after which the rest is not read.
"""

from collections.abc import Callable
from difflib import get_close_matches
from functools import cached_property
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from housing_grpc.rest.http.errors import Reason
from housing_grpc.rest.json import names, scalars, well_known
from housing_grpc.rest.json.faults import MOST, FaultError, shortened
from housing_grpc.rest.json.scalars import Read
from housing_grpc.rest.json.strict import Duplicated

Faults = list[tuple[str, Reason, str]]

# Looking for a name that is near takes long: it is done for so many short keys of an object.
_MOST_HINTS = 3
_LONGEST_MEANT = 40


class Readers:
    """The readers of all message types.

    Args:
        most: Most entries in one list.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._messages: dict[str, Read] = {}

    def message(self, kind: Descriptor) -> Read:
        """Returns what reads a message."""
        found = self._messages.get(kind.full_name)
        if found is None:
            special = well_known.reader(kind)
            # Known before its fields are: a message may hold others of its own type.
            made = special or _MessageReader(kind)
            self._messages[kind.full_name] = found = made
            if isinstance(made, _MessageReader):
                made.fields = {
                    name: (field, self.field(field)) for name, field in names.accepted(kind).items()
                }
        return found

    def field(self, field: FieldDescriptor) -> Read:
        """Returns what reads a field as a whole: its list, if it is one."""
        one = self.value(field)
        return _list(one, self._most) if field.is_repeated else one

    def value(self, field: FieldDescriptor) -> Read:
        """Returns what reads one value of a field."""
        if field.message_type is not None:
            return self.message(field.message_type)
        return scalars.reader(field)


class _MessageReader:
    def __init__(self, kind: Descriptor) -> None:
        self._new: Callable[..., Message] = GetMessageClass(kind)
        self._kind = kind
        self.fields: dict[str, tuple[FieldDescriptor, Read]] = {}

    def __call__(self, tree: Any) -> Message:
        if not isinstance(tree, dict):
            raise scalars.wrong(tree, "an object")
        faults: Faults = [_twice(tree.key)] if isinstance(tree, Duplicated) else []
        values = self._values(tree, faults)
        if len(values) > 1 and self._rivals:
            faults += self._conflicts(values)
        if faults:
            raise FaultError(faults)
        return self._new(**values)

    def _values(self, tree: dict[str, Any], faults: Faults) -> dict[str, Any]:
        values: dict[str, Any] = {}
        hints = _MOST_HINTS
        for key, value in tree.items():
            if len(faults) >= MOST:
                break
            known = self.fields.get(key)
            if known is None:
                faults.append(self._unknown(key, hinted=hints > 0))
                hints -= 1
                continue
            field, read = known
            if value is None:
                continue
            if field.name in values:
                faults.append(_twice(key))
            try:
                values[field.name] = read(value)
            except FaultError as error:
                faults += error.under(key)
        return values

    @cached_property
    def _rivals(self) -> list[list[str]]:
        """Fields of which at most one can be set; an optional one is alone in its oneof."""
        oneofs = ([field.name for field in oneof.fields] for oneof in self._kind.oneofs)
        return [names for names in oneofs if len(names) > 1]

    @cached_property
    def _spellings(self) -> dict[str, str]:
        return {name.casefold(): names.spelling(field) for name, (field, _) in self.fields.items()}

    @cached_property
    def _all_names(self) -> str:
        written = dict.fromkeys(names.spelling(field) for field, _ in self.fields.values())
        return f"there are: {', '.join(written)}" if written else "there are none"

    def _unknown(self, key: str, *, hinted: bool) -> tuple[str, Reason, str]:
        short = hinted and len(key) <= _LONGEST_MEANT
        near = get_close_matches(key.casefold(), self._spellings, n=1) if short else []
        hint = f'did you mean "{self._spellings[near[0]]}"?' if near else self._all_names
        return shortened(key), Reason.JSON_UNKNOWN_FIELD, f"is not a field here; {hint}"

    def _conflicts(self, values: dict[str, Any]) -> Faults:
        return [
            (rivals[1], Reason.JSON_ONEOF_CONFLICT, f"cannot be set together with {rivals[0]}")
            for names_of_one in self._rivals
            if len(rivals := [name for name in names_of_one if name in values]) > 1
        ]


def _list(one: Read, most: int) -> Read:
    def read(value: Any) -> list[Any]:
        if value is None:
            return []
        if not isinstance(value, list):
            raise scalars.wrong(value, "a list")
        if len(value) > most:
            text = f"holds {len(value)} entries, {most} are allowed; send them in parts"
            raise FaultError.at(Reason.BATCH_TOO_LARGE, text)
        return _all(one, [(f"[{index}]", each) for index, each in enumerate(value)])

    return read


def _all(one: Read, steps: list[tuple[str, Any]]) -> list[Any]:
    faults: Faults = []
    found = []
    for step, value in steps:
        try:
            found.append(one(value))
        except FaultError as error:
            faults += error.under(step)
            if len(faults) >= MOST:
                break
    if faults:
        raise FaultError(faults)
    return found


def _twice(key: str) -> tuple[str, Reason, str]:
    return shortened(key), Reason.JSON_DUPLICATE_KEY, "is there twice; send it once"
