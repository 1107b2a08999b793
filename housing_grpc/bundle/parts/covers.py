r"""Which share of the training rows goes left at each split: `covers.bin`.

The file is the eight bytes "covers1\n"; uint32: splits, 0; float64 share of each split, in the
order in which `model.trees` has them.
"""

import numpy as np

from ..arrays import Vector
from ..part_files import COVERS_FILE
from ..trees import Trees
from . import layout
from .layout import Layout

_MAGIC = b"covers1\n"
# All are gone through for each row: so many take up to 0.1 s.
MOST_SPLITS = 2**20
# The walk calls itself, and has a stack.
MOST_LEVELS = 256


def encode(trees: Trees, shares: Vector) -> bytes:
    """Returns the content of `covers.bin`.

    Args:
        trees: The model.
        shares: Shape (nodes,).
    """
    splits = shares[trees.left >= 0]
    return layout.encode(_MAGIC, (len(splits), 0), ("<f8", splits))


def decode(data: bytes, trees: Trees) -> Vector:
    """Reads `covers.bin`.

    Args:
        data: Its content.
        trees: What `model.trees` holds.

    Returns:
        Shape (nodes,), 0 at leaves.

    Raises:
        BundleFormatError: It is none, or not of these trees, or they take too long to explain.
    """
    read = Layout(COVERS_FILE, _MAGIC, data)
    count, zero = read.numbers(2)
    split = trees.left >= 0
    read.require(count == split.sum() and not zero, "does not have as many splits as model.trees")
    read.require(is_explainable(trees), "is of trees that take too long to explain")
    read.expect(8 * count)
    shares = np.zeros(len(split))
    shares[split] = read.array("<f8", count)
    # guard: shares are between 0 and 1
    read.require(((shares >= 0) & (shares <= 1)).all(), "has a share that is not between 0 and 1")
    return shares


def is_explainable(trees: Trees) -> bool:
    """Returns whether trees, which are checked, are small enough to be explained."""
    return int((trees.left >= 0).sum()) <= MOST_SPLITS and len(trees.levels) <= MOST_LEVELS
