"""Turns the texts of flags into values, and says which flag is wrong.

Flags arrive as text: a run id such as 12e45 must not become a number on the way.
"""

import re

from housing_table.columns import FEATURES, TARGET, meaning

from .errors import UsageError

# int() and float() would take 6_5 and digits of other scripts, too.
_WHOLE = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_INFINITE = re.compile(r"[+-]?(?:inf(?:inity)?|nan)", re.IGNORECASE)
_MOST_DIGITS = 20

Text = str | None


def flag(text: str | bool | None, name: str) -> bool:
    """Return whether a flag that takes no value was given.

    Raises:
        UsageError: It was given a value, if only an empty one, such as a variable that is not set.
    """
    if text in (None, False, "False", "false"):
        return False
    if text in (True, "True", "true"):
        return True
    if not text:
        raise UsageError(
            f"{name} takes no value, but {name}= gives it an empty one; leave out the ="
        )
    raise UsageError(f"{name} takes no value, but {text!r} follows it; leave that out")


def whole(text: Text, name: str, *, low: int, high: int = 2**31 - 1) -> int | None:
    """Return a whole number, or None if there is none.

    Raises:
        UsageError: It is not one, or out of range.
    """
    text = given(text, name)
    if text is None:
        return None
    number = int(text) if is_whole(text) else low - 1
    if not low <= number <= high:
        upto = f" up to {high}" if high < 2**31 - 1 else ""
        raise UsageError(f"{name}: {text!r} is not right; give a whole number from {low}{upto}")
    return number


def share(text: Text, name: str, fix: str = "a number between 0 and 1") -> float | None:
    """Return a number between 0 and 1, or None if there is none.

    Args:
        text: As given.
        name: Of the flag.
        fix: What to give instead of one that is not right.

    Raises:
        UsageError: It is not one.
    """
    text = given(text, name)
    if text is None:
        return None
    number = number_in(text)
    if number is None or not 0 < number < 1:
        raise UsageError(f"{name}: {text!r} is not right; give {fix}")
    return number


def level(text: Text) -> float | None:
    """Return the share of prices that intervals are to hold, or None if there is none.

    Raises:
        UsageError: It is no share; which of them it may be, the server says.
    """
    return share(text, "--level", "one from 0.5 to 0.99, such as 0.9")


def column_names(text: Text, name: str) -> tuple[str, ...]:
    """Return the columns that a list such as "rm,MEDV" names, each once.

    Raises:
        UsageError: One is no column of the data.
    """
    columns = []
    for part in (given(text, name) or "").split(","):
        found = meaning(part)
        if part.strip() and found is None:
            known = ", ".join((*FEATURES, TARGET))
            raise UsageError(f"{name}: {part.strip()!r} is no column; there are {known}")
        columns += [found] if found else []
    return tuple(dict.fromkeys(columns))


def number_in(text: str) -> float | None:
    """Return the number that a text is, or None if it is none, as people write it: 6.5, 1e-3."""
    plain = text.strip()
    written = _NUMBER.fullmatch(plain) or _INFINITE.fullmatch(plain)
    return float(plain) if written else None


def is_whole(text: str) -> bool:
    """Return whether a text is a whole number, of so few digits that int() takes it."""
    return _WHOLE.fullmatch(text.strip()) is not None and len(text) <= _MOST_DIGITS


def given(text: Text, name: str) -> Text:
    """Return the text of a flag that needs one.

    Raises:
        UsageError: The flag was given without a value.
    """
    # Fire writes True for a flag that nothing follows.
    if text in {"True", ""}:
        where = "after the flag" if name.startswith("-") else "after the command"
        raise UsageError(f"{name} needs a value; give it {where}")
    return text


def bundle_text(text: Text, name: str) -> Text:
    """Return a text that a bundle is to hold, such as a unit.

    Raises:
        UsageError: No server would take it. Without this that would show after the training.
    """
    # Not loaded by commands that need neither.
    import msgspec

    from housing_grpc.bundle import metadata

    try:
        return msgspec.convert(text, metadata.Text | None)
    except msgspec.ValidationError:
        raise UsageError(
            f"{name}: a text has at most 255 characters, all of which can be shown; give another"
        ) from None
