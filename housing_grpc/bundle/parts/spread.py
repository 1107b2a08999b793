r"""How far prices are off: `scale.trees` and `interval.bin`.

A price's interval is price ± quantile · spread · max(1, distance ÷ reach). The spread is what trees
make of the scaled features, the price and the number of missing values: how far prices of such
houses are off. The quantile is one of the scores: of each training house, priced by a model that
was fitted without it, how far the price was off, over its spread and distance. For a level it is
the ⌈(n + 1) · level⌉-th smallest of n: whatever the model, so large a share of houses like the
training ones is within.

`scale.trees` lies as `model.trees` does. `interval.bin` is the eight bytes "scores1\n"; uint32:
scores, 0; float64 reach; float64 scores in rising order.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from ..arrays import Prices, Rows, Vector
from ..part_files import INTERVAL_FILE
from ..trees import Trees
from . import layout
from .layout import Layout

# The scaled features, the price and the number of missing values.
EXTRA_INPUTS = 2

_MAGIC = b"scores1\n"
_MOST_SCORES = 2**20
_MOST_LEVELS = 64
_MOST = 1e12
# (n + 1) · level is a whole number often, and must not be rounded up then.
_ROUNDING = 1e-9


@dataclass(frozen=True, kw_only=True, eq=False)
class Spread:
    """What the width of an interval is made of.

    Attributes:
        trees: Of the scaled features, the price and the number of missing values.
        scores: Rising; of each training house.
        reach: A distance beyond this widens an interval; above 0.
    """

    trees: Trees
    scores: Vector
    reach: float
    _quantiles: dict[float, float] = field(default_factory=dict, init=False, repr=False)

    def quantile(self, level: float) -> float:
        """Returns the score that a share `level` of houses does not exceed; NaN with too few."""
        if (known := self._quantiles.get(level)) is not None:
            return known
        found = self._quantile(level)
        # Callers choose levels, and must not fill the memory with them.
        if len(self._quantiles) < _MOST_LEVELS:
            self._quantiles[level] = found
        return found

    def error_per_half_width(self, level: float) -> float:
        """Returns the mean error of houses over half the width of their intervals.

        A score is an error over what the width is made of: so this is the mean score over that of
        the level. NaN with too few scores, or where none is above 0.
        """
        quantile = self.quantile(level)
        return float(self.scores.mean()) / quantile if quantile > 0 else math.nan

    def _quantile(self, level: float) -> float:
        place = math.ceil((len(self.scores) + 1) * level - _ROUNDING)
        # guard: no finite interval where none is valid
        if place > len(self.scores):
            return math.nan
        return float(self.scores[max(place, 1) - 1])


def inputs(scaled: Rows, prices: Prices, blanks: Vector) -> Rows:
    """Returns what the trees take, shape (n, features + 2)."""
    return np.column_stack([scaled, prices, blanks])


def encode(found: Spread) -> bytes:
    """Returns the content of `interval.bin`."""
    reach = np.array([found.reach])
    return layout.encode(_MAGIC, (len(found.scores), 0), ("<f8", reach), ("<f8", found.scores))


def decode(data: bytes, trees: Trees) -> Spread:
    """Reads `interval.bin`.

    Args:
        data: Its content.
        trees: What `scale.trees` holds.

    Raises:
        BundleFormatError: It is none, or holds what no training gives.
    """
    read = Layout(INTERVAL_FILE, _MAGIC, data)
    count, zero = read.numbers(2)
    read.require(0 < count <= _MOST_SCORES and not zero, "has no scores, or too many")
    read.expect(8 * (1 + count))
    reach, scores = read.array("<f8", 1), read.array("<f8", count)
    # Written so that a NaN is refused.
    read.require(0 < reach[0] <= _MOST, "has a reach that is not above 0")
    # guard: scores rise
    read.require((np.diff(scores) >= 0).all(), "has scores that do not rise")
    read.require(scores[0] >= 0 and scores[-1] <= _MOST, "has a score that cannot be")
    return Spread(trees=trees, scores=scores, reach=float(reach[0]))
