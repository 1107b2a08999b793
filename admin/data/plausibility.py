"""Finds columns that cannot be what their names say, before a model learns from them.

Each doubt is of a kind that a person would see at a glance in a plot: a number that stands for
"missing", a column that was scaled, logarithms, a lost decimal point, two units in one column. It
goes by what a column can be at all, and by how far apart its own values lie, not by the range of
the shipped file.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from housing_grpc.bundle.schema import TARGET_NAME

from . import logarithms, towns
from .limits import LIMITS, Limits

Values = NDArray[np.float64]
Mask = NDArray[np.bool_]

_LISTED = 3
_NINES = [10**digits - 1 for digits in range(1, 7)]
_SENTINELS = (-1, *(-nines for nines in _NINES), *(nines for nines in _NINES if nines > 9))
# Neighbours in the order of size that lie further apart than this are of two units.
_GAP = 8.0
# From so many rows on, values far from the median are another unit, and no odd houses.
_OTHER_ROWS, _OTHER_SHARE = 3, 0.02
# Logarithms have more decimals than anybody measures.
_DECIMALS, _EXACT_SHARE = 4, 0.9
_LOG_PASSES = ("INDUS", "AGE", "DIS", "LSTAT")
_LEAST_ROOMS, _LEAST_B = 3.0, 10.0
# In thousands of USD; and the logarithm of more dollars than houses cost.
_LEAST_PRICE, _LARGEST_LOG_PRICE = 0.5, 20.0
# Of so many houses, some cost three times as much as others.
_MANY = 200
# A price that has the form of a sentinel is one only where it comes so often, or is far off.
_REPEATED = 3
_POWERS = (1, 2, 3, 4, 5, 6, -1, -2, -3, -4)


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """Why a column cannot be what it says.

    Attributes:
        column: Its name.
        text: Which values, where, what may have happened, and what to do.
    """

    column: str
    text: str


def find(
    numbers: Values, names: Sequence[str], where: Sequence[str], *, any_unit: bool = False
) -> tuple[list[Doubt], list[str]]:
    """Look at every column.

    Args:
        numbers: Shape (rows, columns), NaN where a value is missing; no column is empty.
        names: Of the columns.
        where: What to call each row, such as "line 7".
        any_unit: Whether prices may be in any unit, as somebody has said in which.

    Returns:
        The columns that are in doubt, each for the reason that explains most; and in one line
        each, those with values that may be errors of measurement.
    """
    doubts, odd = [], []
    by_towns = towns.find(numbers, names, where)
    for name, column in zip(names, numbers.T, strict=True):
        places = np.flatnonzero(~np.isnan(column)).tolist()
        seen = _Column(name, column[places], [where[place] for place in places], any_unit=any_unit)
        text = next(seen.doubts(), by_towns.get(name, ""))
        if text:
            doubts.append(Doubt(column=name, text=text))
        elif seen.beyond.any():
            odd.append(f"{name} {seen.out_of_limits()}; taken for errors of measurement")
    return doubts, odd


class _Column:
    """One column, without what is missing."""

    def __init__(self, name: str, values: Values, where: Sequence[str], *, any_unit: bool) -> None:
        self._name = name
        self._values = values
        self._where = where
        self._any_unit = any_unit
        self._limits: Limits = LIMITS[name]
        self.beyond: Mask = (values < self._limits.low) | (values > self._limits.high)

    def doubts(self) -> Iterator[str]:
        """Yield why the column cannot be what it says, what explains most first."""
        yield from self._sentinels()
        yield from self._scaled()
        yield from self._logarithms()
        yield from self._impossible()
        yield from self._two_units()

    def out_of_limits(self) -> str:
        """Say which values the unit does not allow."""
        limits = self._limits
        return (
            f"is {limits.unit}, {limits.low:g} to {limits.high:g}, but {self._shown(self.beyond)}"
        )

    def _sentinels(self) -> Iterator[str]:
        values = self._values
        standing: Mask = np.isin(values, _SENTINELS)
        others = values[~standing]
        if not len(others):
            return
        low, high = float(others.min()), float(others.max())
        # Far from all others: 99 is a value where others go on to 100.
        far: Mask = np.where(values < 0, low >= 0, values > high + (high - low) / 2)
        if self._name == TARGET_NAME:
            # 99 or 99999 may be what one house costs.
            often = np.array([np.sum(values == value) >= _REPEATED for value in values])
            far &= (values < 0) | (values > _GAP * high) | often
        standing &= far
        if standing.any():
            one = values[standing][0]
            yield (
                f"has {self._shown(standing)}, which may stand for a missing value:"
                f" write NA instead of {one:g}"
            )

    def _scaled(self) -> Iterator[str]:
        values, unit = self._values, self._limits.unit
        if len(np.unique(values)) <= 2:
            return
        low, high = float(values.min()), float(values.max())
        mean, std = float(values.mean()), float(values.std())
        if low < 0 and abs(mean) < 0.1 and abs(std - 1) < 0.1:
            yield (
                f"has a mean of {mean:.1g} and a standard deviation of {std:.3g}, so it seems to be"
                f" standardised: give it as {unit}"
            )
        elif low == 0 and high == 1:
            yield f"goes from 0 to 1, so it seems to be scaled to that: give it as {unit}"
        elif unit == "percent" and low >= 0 and 0 < high <= 1:
            yield f"is at most {high:g}, so it seems to be a share of 1: multiply it by 100"

    def _logarithms(self) -> Iterator[str]:
        values = self._values
        low, median, high = (float(np.quantile(values, q)) for q in (0, 0.5, 1))
        if self._name == TARGET_NAME:
            is_log = not self._any_unit and (
                0 < median < _LEAST_PRICE
                or (low > 0 and high < _LARGEST_LOG_PRICE and logarithms.are_of_round(values))
                or (
                    len(values) >= _MANY
                    and self._is_exact()
                    and low > 0
                    and high < min(3 * low, _LARGEST_LOG_PRICE)
                )
            )
        elif self._name in _LOG_PASSES:
            smallest = self._limits.usual[0]
            is_log = self._is_exact() and low < smallest and high <= math.log(self._limits.high)
        elif self._name == "CRIM":
            is_log = self._is_exact() and low < -1 and high <= math.log(self._limits.high)
        else:
            least = {"RM": _LEAST_ROOMS, "B": _LEAST_B}.get(self._name, 0.0)
            # Flats have few rooms, too, but means of them have few decimals.
            is_log = high < least if self._name == "B" else median < least and self._is_exact()
        if is_log:
            yield (
                f"has a median of {median:.4g} and a maximum of {high:.4g}, so it may hold"
                f" logarithms, or another unit: give it as {self._limits.unit}"
            )

    def _is_exact(self) -> bool:
        shifted = self._values * 10.0**_DECIMALS
        return bool(np.mean(np.abs(shifted - np.round(shifted)) > 1e-6) >= _EXACT_SHARE)

    def _impossible(self) -> Iterator[str]:
        values, limits = self._values, self._limits
        if self._name == TARGET_NAME:
            free: Mask = values <= 0
            if free.any():
                yield f"has {self._shown(free)}, which is no price: write NA, or the price"
            return
        wrong: Mask = (values < limits.low - limits.slack) | (values > limits.high + limits.slack)
        if wrong.any():
            yield f"{self.out_of_limits()}; {self._guess(values[wrong].tolist())}"

    def _guess(self, wrong: list[float]) -> str:
        """Guess what values were meant to be, and say what to do."""
        low, high = self._limits.usual
        meant = [
            next((x / 10.0**p for p in _POWERS if low <= x / 10.0**p <= high), None) for x in wrong
        ]
        if None in meant:
            return "correct them, or write NA"
        pair = f"{wrong[0]:g} for {meant[0]:g}"
        if min(wrong) > high:
            return f"the decimal point may be lost, {pair}: put it back"
        return f"another unit may be mixed in, {pair}: give all in one"

    def _two_units(self) -> Iterator[str]:
        values, limits = self._values, self._limits
        order = np.unique(values)
        if limits.is_dense and len(order) > 1:
            steps = order[1:] / order[:-1]
            widest = int(steps.argmax())
            if steps[widest] >= _GAP:
                below: Mask = values <= order[widest]
                fewer = below if below.mean() <= 0.5 else ~below
                yield (
                    f"has values up to {order[widest]:g} and others from {order[widest + 1]:g} on,"
                    f" {self._shown(fewer)}: two units may be mixed; give all in one"
                )
        if math.isfinite(limits.spread):
            median = float(np.median(values))
            small = (values > 0) & (values * limits.spread < median)
            other: Mask = small | (values > median * limits.spread)
            if other.sum() >= _OTHER_ROWS and other.mean() > _OTHER_SHARE:
                yield (
                    f"has a median of {median:g}, but {self._shown(other)}:"
                    " two units may be mixed; give all in one"
                )

    def _shown(self, chosen: Mask) -> str:
        places = np.flatnonzero(chosen).tolist()
        shown = [f"{self._values[place]:g} in {self._where[place]}" for place in places[:_LISTED]]
        more = len(places) - len(shown)
        return ", ".join(shown) + (f" and {more} more" if more else "")
