"""Reads JSON without forgiving anything.

What Python would let through is kept in the tree as a mark, so that whoever
knows the path to it can name it: a key that comes twice, and NaN or a number
that is too large.
"""

import json
from codecs import BOM_UTF8
from typing import Any

from housing_grpc.rest.http.errors import Reason, RestError

# Longer ones are above every number type there is.
_MOST_DIGITS = 300


class Duplicated(dict[str, Any]):
    """An object in which a key comes twice.

    Attributes:
        key: The key.
    """

    key: str


class NotFinite:
    """What stands for a number that is none, such as NaN.

    Args:
        text: As it was written.
    """

    def __init__(self, text: str) -> None:
        self.text = text


def parse(data: bytes, *, nan_is_null: bool = False) -> Any:
    """Returns the tree; objects are dict or Duplicated, numbers int, float or NotFinite.

    Args:
        data: The bytes.
        nan_is_null: Whether NaN, which is no JSON, is what pandas makes of a missing value.

    Raises:
        RestError: JSON_MALFORMED or JSON_TOO_DEEP.
    """
    if data.startswith(BOM_UTF8):
        raise _malformed("it begins with a byte order mark; send it without")
    try:
        return (_FORGIVING if nan_is_null else _DECODER).decode(data.decode())
    except UnicodeDecodeError as error:
        raise _malformed(f"byte {error.start} is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise _malformed(f"{error.msg} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise RestError(
            reason=Reason.JSON_TOO_DEEP, message="the JSON is nested too deeply"
        ) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    seen: set[str] = set()
    marked = Duplicated(found)
    marked.key = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
    return marked


def _integer(text: str) -> int | NotFinite:
    return int(text) if len(text) <= _MOST_DIGITS else NotFinite("too large")


def _malformed(text: str) -> RestError:
    return RestError(reason=Reason.JSON_MALFORMED, message=f"the body is not JSON: {text}")


def _constant(text: str) -> NotFinite | None:
    return None if text == "NaN" else NotFinite(text)


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=NotFinite, parse_int=_integer)
_FORGIVING = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer
)
