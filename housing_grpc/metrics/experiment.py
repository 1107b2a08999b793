"""Shows the challenger: what it is, what became of its houses, and the verdict."""

import threading
from collections.abc import Callable, Mapping

from housing_grpc.challenger.reporting import Report
from housing_grpc.challenger.shadow import Pair, Shadow, ShadowSums
from housing_grpc.challenger.verdict import FIRST_LOOK, Outcome
from housing_grpc.metrics.catalogue import SHADOW_SUMS
from housing_grpc.metrics.state import Series, State
from housing_grpc.metrics.tally import Tally
from housing_grpc.model.challenge import Challenge

ANSWERED = ("champion", "challenger", "failed")
"""Who answered a call of a split; failed is where the live model had to, in the other's place."""


class ExperimentMetrics:
    """Shows the challenger; from any thread.

    Attributes:
        shadow: Compares prices.
        challenge: Returns what is known of the challenger; set by whoever holds it.
    """

    def __init__(self) -> None:
        self.shadow = Shadow()
        self.challenge: Callable[[], Challenge] = Challenge
        self._answered = Tally(ANSWERED)
        self._lock = threading.Lock()
        self._verdict: State = {}

    def answered(self, by: str) -> None:
        """Counts a call, or a chunk of a stream, that one of two models answered."""
        self._answered.add(by)

    def reported(self, report: Report | None) -> None:
        """Shows a verdict from here on, or none."""
        verdict = {} if report is None or report.challenge.fault else _verdict(report)
        with self._lock:
            self._verdict = verdict

    def state(self) -> State:
        """Returns all of it."""
        sums: Series = {pair: list(each) for pair, each in self.shadow.sums().items()}
        with self._lock:
            verdict = self._verdict
        return {
            **_challenge(self.challenge()),
            **verdict,
            SHADOW_SUMS: sums,
            "housing_split_answers_total": self._answered.series(),
        }


def shadow_sums(state: Mapping[str, Series], pair: Pair) -> ShadowSums:
    """Returns what became of the houses of two models, by a state of one server or of many."""
    numbers = state.get(SHADOW_SUMS, {}).get(pair)
    return ShadowSums(*numbers) if numbers else ShadowSums()


def shadow_state(series: Series) -> State:
    """Returns what is shown of the sums of shadows."""
    rows: Series = {}
    means: dict[str, Series] = {name: {} for name in _MEANS}
    for pair, numbers in series.items():
        sums = ShadowSums(*numbers)
        for result in ("scored", "dropped", "failed"):
            rows[*pair, result] = [getattr(sums, result)]
        for name, mean in _MEANS.items():
            if (value := mean(sums)) is not None:
                means[name][pair] = [value]
    return {"housing_shadow_rows_total": rows, **means}


def _ratio(total: float, count: float) -> float | None:
    return total / count if count else None


_MEANS: dict[str, Callable[[ShadowSums], float | None]] = {
    "housing_shadow_difference": lambda sums: _ratio(sums.difference, sums.scored),
    "housing_shadow_absolute_difference": lambda sums: _ratio(sums.absolute, sums.scored),
    "housing_shadow_outside_interval_ratio": lambda sums: _ratio(sums.outside, sums.bounded),
}


def _challenge(challenge: Challenge) -> State:
    if not challenge.version:
        return {}
    return {
        "housing_challenger_info": {(challenge.version, challenge.digest): [1.0]},
        "housing_challenger_fault": {(): [float(bool(challenge.fault))]},
        "housing_challenger_shadow": {(): [challenge.shadow]},
        "housing_challenger_share": {(): [challenge.share]},
    }


def _verdict(report: Report) -> State:
    verdict = report.verdict
    pair = report.champion_version, report.challenge.version
    shown: State = {
        "housing_challenger_verdict": {
            (*pair, each.name.lower()): [float(each is verdict.outcome)] for each in Outcome
        },
        "housing_challenger_labels": {pair: [float(verdict.labels)]},
    }
    if verdict.labels >= FIRST_LOOK:
        bounds = {
            "lower": verdict.lower, "estimate": verdict.difference, "upper": verdict.upper
        }  # fmt: skip
        shown["housing_challenger_loss_difference"] = {
            (*pair, name): [number] for name, number in bounds.items()
        }
    return shown
