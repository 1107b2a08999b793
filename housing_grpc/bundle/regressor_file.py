r"""What turns scaled rows into prices: a weighted sum or trees, and how each lies in its file.

Files hold plain arrays, little-endian, one behind the other:

`model.linear`  float64: a coefficient for each feature, then the intercept
`model.trees`   the eight bytes "trees 1\n"; uint32: flags (1 inclusive, 2 float32,
                4 exponential), trees, nodes, 0; float64 number of each node; int32 left of each,
                int32 right of each, uint32 root of each tree, uint8 feature of each node
"""

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrays import Vector
from .errors import BundleFormatError
from .part_files import LINEAR_FILE, TREES_FILE
from .schema import FEATURE_NAMES
from .trees import Trees, TreesError, check

_MAGIC = b"trees 1\n"
_HEAD = struct.Struct("<8s4I")
_NODE_BYTES, _TREE_BYTES = 17, 4


@dataclass(frozen=True, kw_only=True, eq=False)
class Linear:
    """A weighted sum.

    Attributes:
        coefficients: Shape (features,), in the target's unit per standard deviation.
        intercept: Added to the sum, in the target's unit.
    """

    coefficients: Vector
    intercept: float


Regressor = Linear | Trees


def encode(regressor: Regressor) -> tuple[str, bytes]:
    """Returns the name of the file for a regressor, and its content."""
    if isinstance(regressor, Linear):
        numbers = np.append(regressor.coefficients, regressor.intercept)
        return LINEAR_FILE, numbers.astype("<f8").tobytes()
    return TREES_FILE, encode_trees(regressor)


def encode_trees(trees: Trees) -> bytes:
    """Returns the content of a file of trees."""
    flags = trees.inclusive | trees.float32 << 1 | trees.exponential << 2
    head = _HEAD.pack(_MAGIC, flags, len(trees.roots), len(trees.left), 0)
    arrays = (
        trees.number.astype("<f8"), trees.left.astype("<i4"), trees.right.astype("<i4"),
        trees.roots.astype("<u4"), trees.feature.astype(np.uint8),
    )  # fmt: skip
    return b"".join((head, *(array.tobytes() for array in arrays)))


def decode_linear(data: bytes) -> Linear:
    """Reads `model.linear`.

    Raises:
        BundleFormatError: It is no weighted sum of the features.
    """
    if len(data) != 8 * (len(FEATURE_NAMES) + 1):
        raise _wrong(LINEAR_FILE, f"is {len(data)} bytes long")
    numbers = np.frombuffer(data, "<f8").astype(np.float64)
    if not np.isfinite(numbers).all():
        raise _wrong(LINEAR_FILE, "holds a number that is not finite")
    return Linear(coefficients=numbers[:-1], intercept=float(numbers[-1]))


def decode_trees(data: bytes, name: str = TREES_FILE, features: int = len(FEATURE_NAMES)) -> Trees:
    """Reads `model.trees`, or another file of trees.

    Args:
        data: Its content.
        name: Of the file, for errors.
        features: How many the trees may split on.

    Raises:
        BundleFormatError: It holds no trees, or some that take too long to walk.
    """
    if len(data) < _HEAD.size:
        raise _wrong(name, f"is {len(data)} bytes long")
    magic, flags, count, nodes, zero = _HEAD.unpack_from(data)
    if magic != _MAGIC or flags > 0b111 or zero:
        raise _wrong(name, "does not begin as one does")
    if len(data) != _HEAD.size + _NODE_BYTES * nodes + _TREE_BYTES * count:
        raise _wrong(name, f"is {len(data)} bytes long")
    place = _HEAD.size

    def take(kind: str, length: int) -> NDArray[Any]:
        nonlocal place
        array = np.frombuffer(data, kind, length, place)
        place += array.nbytes
        return array

    number = take("<f8", nodes).astype(np.float64)
    left, right, roots, feature = (
        take(kind, length).astype(np.int64)
        for kind, length in (("<i4", nodes), ("<i4", nodes), ("<u4", count), ("u1", nodes))
    )
    trees = Trees(
        roots=roots, feature=feature, number=number, left=left, right=right,
        inclusive=bool(flags & 1), float32=bool(flags & 2), exponential=bool(flags & 4),
    )  # fmt: skip
    try:
        check(trees, features)
    except TreesError as error:
        raise _wrong(name, f"holds {error}") from error
    return trees


def _wrong(name: str, fault: str) -> BundleFormatError:
    return BundleFormatError(f"{name}: {fault}; train and register the model again")
