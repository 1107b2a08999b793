"""The golden rows: whether a bundle answers them as it did in training."""

from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from .arrays import Prices, Rows, Vector
from .errors import SelfTestError
from .metadata import Golden
from .parts.assessment import Assessment
from .parts.explanation import Explanation

# Of a share, whatever the unit of the target.
_P_VALUE_TOLERANCE = 1e-9


class Answering(Protocol):
    """What a bundle can be asked."""

    def predict(self, rows: Rows) -> Prices:
        """Predicts a price a row."""

    def assess(self, rows: Rows, prices: Prices) -> Assessment | None:
        """Says how sure prices are, and how unusual their houses."""

    def explain(
        self, rows: Rows, reference: Vector | None = None, prices: Prices | None = None
    ) -> Explanation | None:
        """Says what made prices."""


def extended(golden: Golden, bundle: Answering) -> Golden:
    """Returns golden rows with what a bundle says of them besides prices."""
    rows = np.array(golden.rows, dtype=np.float64)
    assessed, explained = bundle.assess(rows, bundle.predict(rows)), bundle.explain(rows)
    return msgspec.structs.replace(
        golden,
        intervals=_bounds(assessed).tolist() if assessed and assessed.has_bounds else [],
        p_values=assessed.p_value.tolist() if assessed else [],
        contributions=explained.amounts.tolist() if explained else [],
    )


def check(golden: Golden, bundle: Answering, *, explain: bool) -> None:
    """Has the golden rows answered again.

    Args:
        golden: The rows.
        bundle: To be asked.
        explain: Whether to have the prices explained again, too.

    Raises:
        ModelOutputError: A price is not a finite number.
        SelfTestError: An answer is not the one from training.
    """
    rows = np.array(golden.rows, dtype=np.float64)
    prices = bundle.predict(rows)
    _compare("an answer", prices, golden.answers, golden.tolerance)
    few = max(len(golden.intervals), len(golden.p_values))
    assessed = bundle.assess(rows[:few], prices[:few]) if few else None
    if golden.intervals:
        bounds = _bounds(assessed)[: len(golden.intervals)]
        _compare("a bound", bounds, golden.intervals, golden.tolerance)
    if golden.p_values:
        found = assessed.p_value[: len(golden.p_values)] if assessed else np.nan
        _compare("a p-value", found, golden.p_values, _P_VALUE_TOLERANCE)
    if explain and golden.contributions:
        few = len(golden.contributions)
        explained = bundle.explain(rows[:few], prices=prices[:few])
        amounts = explained.amounts if explained else np.nan
        _compare("a contribution", amounts, golden.contributions, golden.tolerance)


def _bounds(assessed: Assessment | None) -> Rows:
    if assessed is None:
        return np.full((1, 2), np.nan)
    return np.column_stack([assessed.lower, assessed.upper])


def _compare(what: str, found: ArrayLike, golden: ArrayLike, tolerance: float) -> None:
    gap = float(np.abs(np.asarray(found) - np.asarray(golden)).max())
    # Written so that a NaN fails.
    if not gap <= tolerance:
        raise SelfTestError(f"golden rows: {what} is off by {gap:g}, {tolerance:g} is allowed")
