"""Looks into messages before they are parsed, mostly to count what they hold.

An empty house takes two bytes on the wire and a hundred in memory, so that the limit
on rows has to be looked at while the rows are still bytes.
"""

from collections.abc import Callable, Iterator, Mapping

VARINT = 0
FIXED64 = 1
LENGTH_DELIMITED = 2
_GROUP = (3, 4)
_FIXED_SIZES = {FIXED64: 8, 5: 4}
_LAST_SHIFT = 63
_MORE = 0x80
_LEAST_BYTES = 2
# Fields beside those that are counted: a message of a later release has some.
_MOST_OTHERS = 1024

Nested = Mapping[int, "Nested"]
"""Numbers of the fields that hold messages to look into, and which of theirs."""

Count = Callable[[memoryview, int, int], int]


def exceeds(data: bytes, path: tuple[int, ...], most: int) -> bool:
    """Returns whether a repeated field has more entries than it may, or too many are beside it.

    Args:
        data: A message in protobuf's wire format; what is no such thing is left to
            the parser.
        path: Numbers of the fields from the message to the repeated one, which hold
            messages; all up to 15.
        most: The limit.
    """
    view = memoryview(data)
    try:
        # Two passes in C settle nearly all.
        return all(_counted(view, path, most, count) > most for count in (_at_most, _entries))
    except IndexError:
        return False


def holds_more(data: bytes, nested: Nested, most: int) -> bool:
    """Returns whether a message has more fields than that, those of nested messages included.

    Args:
        data: In protobuf's wire format; what is no such thing is left to the parser.
        nested: The messages in it that are looked into.
        most: The limit.
    """
    # No field takes less.
    if len(data) <= _LEAST_BYTES * most:
        return False
    try:
        return _fields_in(memoryview(data), nested, 0, most) > most
    except IndexError:
        return False


def tag(number: int, kind: int) -> int:
    """Returns what stands before a value: the field, up to 15, and the kind of the value."""
    return number << 3 | kind


def varint(data: bytes | memoryview, position: int) -> tuple[int, int]:
    """Reads a number; returns it and the position behind it.

    Raises:
        IndexError: It does not end.
    """
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < _MORE or shift > _LAST_SHIFT:
            return value, position
        shift += 7


def shortest(data: bytes | memoryview, start: int, end: int) -> bool:
    """Returns whether the number between two positions is written as short as it can be."""
    return end - start == 1 or 0 < data[end - 1] < _MORE


def _counted(data: memoryview, path: tuple[int, ...], most: int, count: Count) -> int:
    """Returns how many entries there are by a count of those in one message, or too many."""
    if len(path) == 1:
        return count(data, path[0], most)
    counted = 0
    for looked, (number, content) in enumerate(fields(data), 1):
        if number == path[0] and content is not None:
            counted += _counted(content, path[1:], most - counted, count)
        # guard: fields that are looked over
        if looked > _MOST_OTHERS:
            return most + 1
        if counted > most:
            break
    return counted


def _at_most(data: memoryview, number: int, _: int) -> int:
    """Returns how many bytes are like the tag of an entry, which may be longer than it need be."""
    held, last = bytes(data), tag(number, LENGTH_DELIMITED)
    # guard: rows of longer tags are counted
    return held.count(last) + held.count(last | _MORE)


def _entries(data: memoryview, number: int, most: int) -> int:
    """Returns how many entries there are, or one more than the limit."""
    count = others = 0
    for found, content in fields(data):
        if found == number and content is not None:
            count += 1
        else:
            others += 1
        # guard: fields beside entries
        if count > most or others > _MOST_OTHERS:
            return most + 1
    return count


def _fields_in(data: memoryview, nested: Nested, count: int, most: int) -> int:
    """Returns how many fields there are with those before, or some more than the limit."""
    for number, content in fields(data):
        count += 1
        if content is not None and number in nested:
            count = _fields_in(content, nested[number], count, most)
        if count > most:
            break
    return count


def fields(data: memoryview) -> Iterator[tuple[int, memoryview | None]]:
    """Yields the number of each field, and its content where that has a length.

    Args:
        data: A message in protobuf's wire format; what is no such thing ends it.

    Raises:
        IndexError: A number does not end.
    """
    position, end = 0, len(data)
    while position < end:
        key, position = varint(data, position)
        kind, content = key & 7, None
        if kind == LENGTH_DELIMITED:
            size, position = varint(data, position)
            content = data[position : position + size]
            position += size
        elif kind in _FIXED_SIZES:
            position += _FIXED_SIZES[kind]
        elif kind == VARINT:
            _, position = varint(data, position)
        elif kind not in _GROUP:  # Its end is marked; what is in it is counted, too.
            return
        yield key >> 3, content
