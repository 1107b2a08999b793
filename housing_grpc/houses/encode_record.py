"""Messages of one shape that differ in their numbers alone, written without making each."""

import math
import struct
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from google.protobuf.message import Message
from numpy.typing import NDArray

Column = NDArray[np.float64] | float

Texts = NDArray[np.bytes_]

_NUMBER_BYTES = 8
_TEXT = "text"


class Record:
    """Writes messages of one shape: the bytes of a sample, with other numbers in them.

    Args:
        sample: Makes a message of that shape of some numbers: it takes one for each of its doubles
            that differ between messages.
        text: ASCII in the sample in place of which each message of many has one of the same length;
            empty for none.
    """

    def __init__(self, sample: Callable[[Iterator[float]], Message], text: str = "") -> None:
        used: list[float] = []
        self._sample = sample(_numbers(used)).SerializeToString()
        self.size = len(self._sample)
        starts = [self._sample.index(struct.pack("<d", number)) for number in used]
        self._names = [str(place) for place in range(len(used))]
        names, formats, offsets = self._names.copy(), ["<f8"] * len(used), starts.copy()
        if text:
            names.append(_TEXT)
            formats.append(f"S{len(text)}")
            offsets.append(self._sample.index(text.encode()))
        self._fields = np.dtype(
            {"names": names, "formats": formats, "offsets": offsets, "itemsize": self.size}
        )
        ends = [0, *(start + _NUMBER_BYTES for start in starts)]
        between = [
            self._sample[end:start] for end, start in zip(ends, [*starts, self.size], strict=True)
        ]
        self._pieces: list[bytes | float] = [0.0] * (len(between) + len(used))
        self._pieces[::2] = between
        self._pack = struct.Struct("<" + "d".join(f"{len(each)}s" for each in between)).pack

    def one(self, numbers: Sequence[float]) -> bytes:
        """Returns the bytes of one message.

        Args:
            numbers: In the order in which the sample took its own.
        """
        pieces = self._pieces.copy()
        pieces[1::2] = numbers
        return self._pack(*pieces)

    def many(self, count: int, columns: Sequence[Column], texts: Texts | None = None) -> bytearray:
        """Returns the bytes of many messages, one after the other, each of `size` bytes.

        Args:
            count: How many.
            columns: The numbers of all messages, in the order in which the sample took its own:
                each of shape (count,), or one for all.
            texts: Those of all messages, shape (count,), if the sample has one.
        """
        data = bytearray(self._sample * count)
        records = np.frombuffer(data, self._fields)
        for name, column in zip(self._names, columns, strict=True):
            records[name] = column
        if texts is not None:
            records[_TEXT] = texts
        return data


def _numbers(used: list[float]) -> Iterator[float]:
    # Of 52 digits that look random: none of them is found in the bytes of something else.
    number = math.pi
    while True:
        used.append(number)
        yield number
        number += math.pi
