"""What is said of two models, and how seldom it is said without a reason."""

import numpy as np
import pytest

from housing_grpc.challenger.shadow import ShadowSums
from housing_grpc.challenger.verdict import FIRST_LOOK, Mean, Outcome, Pairs, Verdict, decide


def mean(numbers: object) -> Mean:
    found = np.asarray(numbers, dtype=np.float64)
    return Mean(len(found), float(found.sum()), float(np.square(found).sum()))


def verdict(losses: object, shadow: ShadowSums | None = None, price: float = 20.0) -> Verdict:
    loss = mean(losses)
    wide = mean(np.resize([-9.0, 9.0], loss.count))
    return decide(Pairs(loss=loss, error=wide, price=price * loss.count), shadow or ShadowSums())


def test_nothing_is_said_before_the_first_look() -> None:
    early = verdict([-5.0] * (FIRST_LOOK - 1))
    assert (early.outcome, early.labels) == (Outcome.UNDECIDED, 99)
    assert np.isinf([early.lower, early.upper]).all()
    assert early.text == "99 outcomes of houses that both have priced; the first look is at 100"
    late = verdict([-5.0] * FIRST_LOOK)
    assert (late.outcome, late.lower, late.upper) == (Outcome.CHALLENGER_BETTER, -5, -5)


@pytest.mark.parametrize(
    ("middle", "outcome"),
    [(-3.0, Outcome.CHALLENGER_BETTER), (3.0, Outcome.CHALLENGER_WORSE), (0.0, Outcome.UNDECIDED)],
)
def test_a_difference_is_told_once_its_bounds_leave_out_nothing(
    middle: float, outcome: Outcome
) -> None:
    found = verdict(np.resize([middle - 10, middle + 10], 2000))
    assert found.outcome is outcome
    assert found.difference == middle
    # By hand: 10 * sqrt(2 (t r + 1) / (t^2 r) * ln(sqrt(t r + 1) / 0.05)), r = 7.9363 / 500.
    assert abs(found.upper - found.difference - 0.69) < 0.01


def test_alike_prices_are_equivalent_without_outcomes() -> None:
    rows = 1000
    near = ShadowSums(scored=rows, absolute=0.1 * rows, squares=0.02 * rows, price=20.0 * rows)
    found = decide(None, near)
    assert found.outcome is Outcome.EQUIVALENT
    assert "below 0.4, which is 2% of the mean price" in found.text
    assert decide(Pairs(), near).outcome is Outcome.EQUIVALENT
    few = ShadowSums(scored=99, absolute=9.9, squares=1.98, price=1980)
    assert decide(None, few).outcome is Outcome.UNDECIDED
    far = near._replace(absolute=0.5 * rows, squares=0.5 * rows)
    assert "FEEDBACK_URL" in decide(None, far).text


def test_errors_that_are_alike_are_equivalent() -> None:
    errors = mean(np.resize([-1.0, 1.0], 5000))
    loss = mean(np.resize([-9.0, 9.0], 5000))
    found = decide(Pairs(loss=loss, error=errors, price=20.0 * 5000), ShadowSums())
    assert found.outcome is Outcome.EQUIVALENT
    assert "absolute errors" in found.text


def test_who_looks_after_each_outcome_is_seldom_misled() -> None:
    random, misled = np.random.default_rng(5), 0
    for _ in range(100):
        # Heavy tails, as differences of squared errors have.
        losses = random.standard_t(4, 2000)
        counts = range(FIRST_LOOK, 2000, 50)
        misled += any(verdict(losses[:each]).outcome is not Outcome.UNDECIDED for each in counts)
    assert misled <= 7
