"""How soon the detector of intervals that hold too little speaks, and how often without a reason.

Simulated labels: each misses its interval with a given probability. First 5,000 labels at the
promised 10 % of misses, of which no more than 5 % of runs may give an alarm, however often one
looks; then 2,000 such labels with more misses after them. Told is the delay from the first of these
to the alarm; runs that gave one before are left out. Nothing here depends on the machine.
"""

import numpy as np
from numpy.typing import NDArray

from bench import results
from bench.results import Figure
from housing_grpc.feedback import detector

RUNS = 4000
GOOD_LABELS, QUIET_LABELS, BAD_LABELS = 2000, 5000, 12_000
RATES = (0.12, 0.14, 0.16, 0.2, 0.3)
MOST_FALSE, MOST_DELAY, ALARMING = 0.05, 200, 0.2
# Runs at a time: 28 MB of them.
_TOGETHER = 250


def main() -> bool:
    """Prints the figures and records them; returns whether every goal is reached."""
    random = np.random.default_rng(0)
    quiet = _alarms(random, np.full(QUIET_LABELS, detector.PROMISED))
    false = float(np.isfinite(quiet).mean())
    figures = {"false alarms": Figure(value=100 * false, unit="%")}
    delays = {rate: _delay(random, rate) for rate in RATES}
    for rate, delay in delays.items():
        figures[f"delay at {100 * rate:.0f} %"] = delay
    results.tell("detector", figures)
    return false <= MOST_FALSE and delays[ALARMING].value <= MOST_DELAY


def _delay(random: np.random.Generator, rate: float) -> Figure:
    rates = np.repeat([detector.PROMISED, rate], [GOOD_LABELS, BAD_LABELS])
    delays = _alarms(random, rates) - GOOD_LABELS
    low, middle, high = np.quantile(delays[delays > 0], [0.25, 0.5, 0.75], method="higher")
    return Figure(value=float(middle), low=float(low), high=float(high), unit="labels")


def _alarms(random: np.random.Generator, rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns after which label each run gives its first alarm, infinity for never."""
    found = [_some(random, rates) for _ in range(RUNS // _TOGETHER)]
    return np.concatenate(found)


def _some(random: np.random.Generator, rates: NDArray[np.float64]) -> NDArray[np.float64]:
    missed = random.random((len(rates), _TOGETHER)) < rates[:, None]
    alarming = detector.statistics(missed) >= detector.ALARM
    first = alarming.argmax(axis=0) + 1.0
    return np.where(alarming.any(axis=0), first, np.inf)
