"""What a setting takes, in words."""

from typing import Any

from msgspec import inspect

_NAMED = {
    inspect.BoolType: "true or false",
    inspect.StrType: "a name or an address, such as localhost, 0.0.0.0 or ::1",
}


def words(kind: Any) -> str:
    """Says what values a setting takes, such as "a whole number from 1 to 256, or auto"."""
    return _words(inspect.type_info(kind))


def _words(kind: inspect.Type) -> str:
    match kind:
        case inspect.Metadata():
            return _words(kind.type)
        case inspect.UnionType():
            return ", or ".join(map(_words, kind.types))
        case inspect.LiteralType():
            *others, last = map(str, kind.values)
            return f"{', '.join(others)} or {last}" if others else last
        case inspect.BoolType() | inspect.StrType():
            return _NAMED[type(kind)]
        case inspect.IntType():
            return f"a whole number {_bounds(kind)}"
        case inspect.FloatType():
            return f"a number {_bounds(kind)}"
        case _:
            raise TypeError(f"no setting is of the kind {type(kind).__name__}")


def _bounds(kind: inspect.IntType | inspect.FloatType) -> str:
    least = f"above {kind.gt:g}" if kind.gt is not None else f"from {kind.ge}"
    return f"{least} {'and up ' if kind.gt is not None else ''}to {kind.le:.15g}"
