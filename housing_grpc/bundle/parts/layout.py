"""Plain little-endian arrays one behind the other, behind eight bytes that say what they are."""

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BundleFormatError

Array = NDArray[Any]


class Layout:
    """Reads one file from its begin to its end.

    Args:
        name: Of the file, for errors.
        magic: Its first eight bytes.
        data: Its content.

    Raises:
        BundleFormatError: It begins otherwise.
    """

    def __init__(self, name: str, magic: bytes, data: bytes) -> None:
        self._name = name
        self._data = data
        self._place = len(magic)
        if not data.startswith(magic):
            raise self.wrong("does not begin as one does")

    def numbers(self, count: int) -> tuple[int, ...]:
        """Returns so many of uint32."""
        head = struct.Struct(f"<{count}I")
        if len(self._data) - self._place < head.size:
            raise self.wrong(f"is {len(self._data)} bytes long")
        found = head.unpack_from(self._data, self._place)
        self._place += head.size
        return found

    def expect(self, size: int) -> None:
        """Refuses a file of which another number of bytes is left.

        Raises:
            BundleFormatError: It is shorter or longer.
        """
        # guard: a part is as long as it says
        if len(self._data) - self._place != size:
            raise self.wrong(f"is {len(self._data)} bytes long")

    def array(self, kind: str, count: int, to: Any = np.float64) -> Array:
        """Returns the next array, as an own copy."""
        found = np.frombuffer(self._data, kind, count, self._place)
        self._place += found.nbytes
        return found.astype(to)

    def require(self, condition: bool | np.bool_, fault: str) -> None:
        """Refuses the file unless a condition holds."""
        if not condition:
            raise self.wrong(fault)

    def wrong(self, fault: str) -> BundleFormatError:
        """Returns the error that says what is wrong, and what to do."""
        return BundleFormatError(f"{self._name}: {fault}; train and register the model again")


def encode(magic: bytes, numbers: tuple[int, ...], *arrays: tuple[str, Array]) -> bytes:
    """Returns the content of a file; each array comes with the type that it is written as."""
    head = magic + struct.pack(f"<{len(numbers)}I", *numbers)
    return b"".join((head, *(array.astype(kind).tobytes() for kind, array in arrays)))
