"""How sure a difference between two recipes is: houses are drawn anew, many times, in pairs.

Source: B. Efron and R. J. Tibshirani, "An Introduction to the Bootstrap" (1993), and for several
parts at once S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian
Journal of Statistics 6 (1979).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

# Numbers of one draw of many samples that are in memory at once.
_AT_ONCE = 4_000_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Ratio:
    """RMSE of one recipe over that of another, on the same houses.

    Attributes:
        value: Of the houses as they are.
        draws: Of each resample, rising.
    """

    value: float
    draws: Numbers

    def lower(self, confidence: float) -> float:
        """Return what the ratio is above, at a confidence such as 0.95."""
        return float(np.quantile(self.draws, 1 - confidence))

    def upper(self, confidence: float) -> float:
        """Return what the ratio is below, likewise."""
        return float(np.quantile(self.draws, confidence))


def resampled(columns: Numbers, resamples: int, seed: int) -> Numbers:
    """Return the sums of columns over houses that are drawn with replacement.

    Args:
        columns: Shape (houses, k).
        resamples: How many times as many houses are drawn as there are.
        seed: Decides which.

    Returns:
        Shape (resamples, k).
    """
    random, houses = np.random.default_rng(seed), len(columns)
    shares = np.full(houses, 1 / houses)
    found = np.empty((resamples, columns.shape[1]))
    at_once = max(1, _AT_ONCE // houses)
    for start in range(0, resamples, at_once):
        part = found[start : start + at_once]
        part[:] = random.multinomial(houses, shares, len(part)) @ columns
    return found


def ratios(
    ours: Numbers,
    theirs: Numbers,
    parts: Mapping[str, NDArray[np.bool_]],
    resamples: int,
    seed: int,
) -> dict[str, Ratio]:
    """Return the ratio of two recipes' RMSE on each part of the houses.

    Args:
        ours: Mean square error of each house, shape (houses,).
        theirs: The same of the other recipe.
        parts: Which houses each has, by name.
        resamples: How often to draw.
        seed: Decides which.
    """
    masks = np.column_stack(list(parts.values()))
    columns = np.hstack([masks * ours[:, None], masks * theirs[:, None]])
    draws = _ratio(*np.hsplit(resampled(columns, resamples, seed), 2))
    values = _ratio(*np.split(columns.sum(axis=0), 2))
    return {
        name: Ratio(value=float(values[at]), draws=np.sort(draws[:, at]))
        for at, name in enumerate(parts)
    }


def surely_above(found: Mapping[str, Ratio], limit: float, confidence: float) -> dict[str, float]:
    """Return the lower bound of each ratio that is above a limit, with Holm's correction.

    Args:
        found: The ratios, by name.
        limit: That they are held against.
        confidence: That not one of them is named wrongly.
    """
    names = sorted(found, key=lambda name: (float((found[name].draws <= limit).mean()), name))
    above: dict[str, float] = {}
    for at, name in enumerate(names):
        bound = found[name].lower(1 - (1 - confidence) / (len(names) - at))
        if bound <= limit:
            break
        above[name] = bound
    return above


def _ratio(ours: Numbers, theirs: Numbers) -> Numbers:
    # Where both make no error, or a resample has no house of a part, they are equal.
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.sqrt(np.where(ours == theirs, 1.0, ours / theirs)))
