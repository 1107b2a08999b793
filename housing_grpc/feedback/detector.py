"""Notices, label by label, that intervals of 90 % hold fewer true prices than that.

The statistic of Shiryaev and Roberts: R <- (R + 1) * L, from 0 on, where L is how much more likely
a miss, or a hit, is under another share of misses than under the promised one; here the mean over
four such shares. As long as the promise is kept, R less the number of labels is 0 on average, so
that an alarm at 100,000 is rare however often one looks; once it is not, R grows by a factor a
label.

It is computed from the misses and hits in their order, and from nothing else: a server that was
restarted, and every replica, gets the same.
"""

import numpy as np
from numpy.typing import NDArray

PROMISED = 0.1
"""Share of misses that intervals of 90 % promise."""

ALARM = 1e5
"""From here on the promise counts as broken."""

_SHARES = np.array([0.12, 0.15, 0.2, 0.3])
_MISS = float(np.log(np.mean(_SHARES / PROMISED)))
_HIT = float(np.log(np.mean((1 - _SHARES) / (1 - PROMISED))))
# No number of labels makes infinity of it, which neither JSON nor an alert could take.
_MOST = float(np.log(1e300))


def statistics(missed: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Returns the statistic after each label.

    Args:
        missed: Whether the true price was outside of its interval, label by label along the first
            axis; further axes are independent of each other.

    Returns:
        The same shape, at most 1e300.
    """
    # R after n labels is the sum over k < n of L[k] * ... * L[n - 1]. Its logarithm is told, as the
    # products alone would overflow.
    steps = np.where(missed, _MISS, _HIT)
    reached = np.cumsum(steps, axis=0)
    sums = np.logaddexp.accumulate(steps - reached, axis=0)
    found: NDArray[np.float64] = np.exp(np.minimum(reached + sums, _MOST))
    return found
