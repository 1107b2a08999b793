"""Reads objects of a dialect as strictly as messages are read: known keys alone, each once."""

from collections.abc import Mapping
from typing import Any

from housing_grpc.rest.http.errors import Reason
from housing_grpc.rest.json import scalars
from housing_grpc.rest.json.faults import MOST, FaultError, shortened
from housing_grpc.rest.json.scalars import Read
from housing_grpc.rest.json.strict import Duplicated


def read(tree: Any, fields: Mapping[str, Read]) -> dict[str, Any]:
    """Returns what stands in an object; null is not there.

    Args:
        tree: The object.
        fields: What reads the value of each key.

    Raises:
        FaultError: It cannot be taken.
    """
    found: dict[str, Any] = {}
    faults = []
    for key, value in whole(tree).items():
        if key not in fields:
            text = f"is not a field here; there are: {', '.join(fields)}"
            faults.append((shortened(key), Reason.JSON_UNKNOWN_FIELD, text))
        elif value is not None:
            try:
                found[key] = fields[key](value)
            except FaultError as error:
                faults += error.under(key)
        if len(faults) >= MOST:
            break
    if faults:
        raise FaultError(faults)
    return found


def whole(tree: Any) -> dict[str, Any]:
    """Returns an object with whatever keys it has.

    Raises:
        FaultError: It is none, or a key stands twice.
    """
    if not isinstance(tree, dict):
        raise scalars.wrong(tree, "an object")
    if isinstance(tree, Duplicated):
        text = "is there twice; send it once"
        raise FaultError.at(Reason.JSON_DUPLICATE_KEY, text, shortened(tree.key))
    return tree
