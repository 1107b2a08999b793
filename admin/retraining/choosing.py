"""Which houses that were sold are learned from, kept for the gate, or put into quarantine."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..base.errors import ExportError
from ..export.reading import Bundle, bounds, prices
from .labels import Labels, houses

MOST_OF_ONE_SOURCE = 0.3
"""Share of all rows of a training that come from one source, at most."""

_OUTLYING = 0.999
_LEVEL = 0.9
_KEPT_FOR_GATE = 5


@dataclass(frozen=True, kw_only=True, eq=False)
class Chosen:
    """What becomes of houses that were sold.

    Attributes:
        learned: Trained on.
        fresh: Newer than the model that learned last, and kept for the gate.
        quarantined: Further off than prices are.
        quarantined_prices: What the model says of these, shape (n,).
        left_out: How many are too many of their source, by source.
        new: How many are newer than what was learned last, without those in quarantine.
        until: When the newest of all was recorded, in microseconds of Unix time.
    """

    learned: Labels
    fresh: Labels
    quarantined: Labels
    quarantined_prices: NDArray[np.float64]
    left_out: dict[str, int]
    new: int
    until: int


def choose(
    labels: Labels,
    champion: Bundle,
    base: NDArray[np.float64],
    since: int,
    learned: int | None = None,
) -> Chosen:
    """Say what becomes of each house.

    Args:
        labels: Each house once.
        champion: The bundle that is to be replaced, which says how far prices are off.
        base: Features of the data that houses are added to, shape (rows, features).
        since: When the champion was trained, in microseconds of Unix time.
        learned: Until when a version that is not promoted has learned them; None for none.

    Raises:
        ExportError: The champion has no intervals, so that no outlier can be told.
    """
    outlying, said = _outlying(labels, champion)
    clean, new = ~outlying, labels.recorded > since
    known = set(houses(base))
    unseen = np.array([house not in known for house in houses(labels.rows)], dtype=bool)
    candidates = np.flatnonzero(clean & new & unseen)
    fresh = np.zeros(len(labels), dtype=bool)
    # In the order of recording, so the last are the newest.
    kept_back = int((clean & new).sum()) // _KEPT_FOR_GATE
    fresh[candidates[max(len(candidates) - kept_back, 0) :]] = True
    wanted = labels.take(clean & ~fresh)
    sold = set(houses(wanted.rows))
    others = sum(house not in sold for house in houses(base))
    kept = _within_shares(wanted.sources, others)
    left_out: dict[str, int] = {}
    for source, taken in zip(wanted.sources, kept, strict=True):
        if not taken:
            left_out[source] = left_out.get(source, 0) + 1
    return Chosen(
        learned=wanted.take(kept),
        fresh=labels.take(fresh),
        quarantined=labels.take(outlying),
        quarantined_prices=said[outlying],
        left_out=left_out,
        new=int((clean & (labels.recorded > max(since, learned or 0))).sum()),
        until=int(labels.recorded.max(initial=0)),
    )


def _outlying(labels: Labels, champion: Bundle) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Return which prices are further off than 99.9 % were in training, and all prices."""
    most = champion.outlying_half_widths(_OUTLYING)
    if math.isnan(most):
        raise ExportError(
            "the promoted version has no intervals, by which outliers are told; make it one that"
            " has: housing-admin upgrade, and promote that"
        )
    if not len(labels):
        return np.zeros(0, dtype=bool), np.empty(0)
    said = prices(champion, labels.rows)
    half = bounds(champion, labels.rows, said, _LEVEL)[:, 1] - said
    # Written so that a NaN is one.
    return ~(np.abs(labels.prices - said) <= most * half), said


def _within_shares(sources: Sequence[str], others: int) -> NDArray[np.bool_]:
    """Return which houses to take, the newest of each source, so that none has too large a share.

    Args:
        sources: Of each house, the newest last.
        others: How many rows there are besides.
    """
    # There may be as many sources as houses.
    counts = Counter(sources)
    while True:
        most = math.floor(MOST_OF_ONE_SOURCE * (others + sum(counts.values())))
        fewer = Counter({source: min(count, most) for source, count in counts.items()})
        if fewer == counts:
            break
        counts = fewer
    taken = np.zeros(len(sources), dtype=bool)
    for place in reversed(range(len(sources))):
        if counts[sources[place]] > 0:
            counts[sources[place]] -= 1
            taken[place] = True
    return taken
