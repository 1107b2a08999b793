"""Rows on which a bundle must agree with the pipeline it was made from.

Three kinds: the training rows; rows whose every value comes from another training row; and
rows with any value in the training range. The last two fall on splits that no training row
reaches. Each kind comes complete and with blanks; as filling a blank can take milliseconds,
there are fewer rows with blanks.
"""

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float64]

_SEED = 20240101
_ROWS = 20_000
_BLANKED_ROWS = 2_000
_MOST_BLANKS = 4


def probes(training: Rows) -> dict[str, Rows]:
    """Return rows by kind, the same for the same training rows.

    Args:
        training: Shape (n, features), NaN where a value is missing, no feature without any.

    Returns:
        Shape (m, features) each, with m about 20,000 where rows are made up and complete.
    """
    random = np.random.default_rng(_SEED)
    complete = np.where(np.isnan(training), np.nanmedian(training, axis=0), training)
    # For the 506 rows of the shipped data: 40 times, 20,240 rows.
    times = -(-_ROWS // len(complete))
    shuffled = random.permuted(np.repeat(complete[None], times, axis=0), axis=1)
    kinds = {
        "training rows": complete,
        "rows with shuffled columns": shuffled.reshape(-1, complete.shape[1]),
        "rows spread evenly": random.uniform(
            complete.min(axis=0), complete.max(axis=0), (_ROWS, complete.shape[1])
        ),
    }
    blanked = {f"{kind} with blanks": _blanked(rows, random) for kind, rows in kinds.items()}
    return {"training rows as they are": training, **kinds, **blanked}


def blank(row: Rows, count: int, random: np.random.Generator) -> Rows:
    """Return a copy of a row, shape (features,), with `count` of its values missing."""
    blanked = row.copy()
    blanked[random.choice(len(row), size=count, replace=False)] = np.nan
    return blanked


def _blanked(rows: Rows, random: np.random.Generator) -> Rows:
    # Repeated where there are too few, to be blanked in other places.
    chosen = rows[np.arange(_BLANKED_ROWS) % len(rows)]
    counts = random.integers(1, _MOST_BLANKS, size=len(chosen), endpoint=True)
    return np.array(
        [blank(row, int(count), random) for row, count in zip(chosen, counts, strict=True)]
    )
