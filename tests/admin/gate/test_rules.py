"""Each rule, on prices of the shipped houses that a linear model has found out of fold."""

from dataclasses import replace

import numpy as np
import pytest

from admin.data.dataset import Dataset
from admin.data.slices import parts
from admin.export.measured import Measured, measure
from admin.gate import bundle_rules, comparison, policy, recipe_rules
from admin.gate.comparison import Compared
from admin.gate.evidence import Finding, Verdict
from admin.training.pipeline import complete
from admin.training.spec import TrainingSpec
from tests.support.examples import DATA, EVALUATOR, Example

RULES = replace(policy.load(), comparison_repeats=2, comparison_resamples=2000)


@pytest.fixture(scope="module")
def same(houses: Dataset) -> Compared:
    """A recipe against itself."""
    spec = complete(TrainingSpec(model="linear", preprocessing="v1_median", data=DATA))
    return comparison.compare(spec, replace(spec, cv=5), houses, RULES)


@pytest.fixture(scope="module")
def measured(honest: Example) -> Measured:
    return measure(honest.folder)


def said(compared: Compared, rules: policy.Policy = RULES) -> dict[str, Finding]:
    found = recipe_rules.findings(compared, rules, has_intervals=True)
    assert [each.rule for each in found] == ["quality", "interval", "slices"]
    assert all(bool(each.remedy) == (each.verdict != Verdict.PASS) for each in found)
    return {each.rule: each for each in found}


def worse(compared: Compared, by: float, *, spread: float = 0.0) -> Compared:
    """Lets the candidate be worse by a share, if not on every house by the same."""
    draws = np.random.default_rng(1).lognormal(sigma=spread, size=len(compared.dataset.target))
    squares = compared.champion.squares * draws
    squares *= (1 + by) ** 2 * compared.champion.squares.mean() / squares.mean()
    return replace(compared, candidate=replace(compared.candidate, squares=squares))


def test_a_recipe_passes_against_itself(same: Compared) -> None:
    assert same.candidate is same.champion
    assert same.candidate.rmse == pytest.approx(4.92, abs=0.02)
    found = said(same)
    assert {each.verdict for each in found.values()} == {Verdict.PASS}
    figures = found["quality"].figures
    assert (figures["ratio"], figures["lower"], figures["upper"]) == (1, 1, 1)
    assert found["interval"].figures["coverage"] == pytest.approx(0.9, abs=0.02)
    assert found["interval"].figures["width_ratio"] == 1
    assert "both are the same recipe" in found["quality"].found


def test_the_rmse_is_that_of_the_cross_validation(same: Compared, houses: Dataset) -> None:
    from admin.training.pipeline import pipeline_of
    from admin.training.scores import cross_validate

    spec = complete(TrainingSpec(model="linear", preprocessing="v1_median", data=DATA))
    errors = [
        (found.predicted - found.actual) ** 2
        for found in (
            cross_validate(pipeline_of(spec), houses, folds=10, seed=seed) for seed in (0, 1)
        )
    ]
    assert same.candidate.rmse == pytest.approx(float(np.sqrt(np.mean(errors))))


@pytest.mark.parametrize(
    ("by", "spread", "verdict"),
    [
        (0.01, 0.1, Verdict.PASS),
        (-0.3, 0.5, Verdict.PASS),
        (0.15, 0.3, Verdict.FAIL),
        (0.05, 0.0, Verdict.FAIL),
        (0.01, 1.2, Verdict.INCONCLUSIVE),
    ],
)
def test_quality(same: Compared, by: float, spread: float, verdict: Verdict) -> None:
    found = said(worse(same, by, spread=spread))["quality"]
    assert found.verdict == verdict
    assert found.figures["ratio"] == pytest.approx(1 + by)
    assert "506 houses show a margin of" in found.found
    if verdict == Verdict.INCONCLUSIVE:
        assert "about" in found.remedy
        assert "houses of its own data, not 506" in found.remedy


def test_an_interval_that_does_not_hold_or_is_too_wide(same: Compared) -> None:
    few = same.candidate.covered * (np.random.default_rng(0).random(506) < 0.95)
    found = said(replace(same, candidate=replace(same.candidate, covered=few)))["interval"]
    assert found.verdict == Verdict.FAIL
    assert found.figures["coverage_upper"] < 0.9
    wide = replace(same.candidate, width=same.champion.width * 1.2)
    found = said(replace(same, candidate=wide))["interval"]
    assert found.verdict == Verdict.FAIL
    assert "a mean width of" in found.remedy
    (_, interval, _) = recipe_rules.findings(same, RULES, has_intervals=False)
    assert interval.verdict == Verdict.NOT_ASKED


def test_a_part_of_the_houses_that_is_much_worse(same: Compared) -> None:
    masks = parts(same.dataset, 30)
    assert len(masks) == 6
    assert {name: int(mask.sum()) for name, mask in masks.items()}["RAD is 24"] == 132
    squares = np.where(masks["RAD is 24"], 1.5**2, 0.8) * same.champion.squares
    found = said(replace(same, candidate=replace(same.candidate, squares=squares)))["slices"]
    assert found.verdict == Verdict.FAIL
    assert "RAD is 24: 1.50, surely above 1.50" in found.found
    assert "RAD is 24" in found.remedy
    assert "prices from" not in found.remedy
    assert len(parts(same.dataset, 140)) == 3


def test_no_part_is_large_enough(same: Compared) -> None:
    (*_, slices) = recipe_rules.findings(
        same, replace(RULES, slices_fewest_rows=507), has_intervals=True
    )
    assert slices.verdict == Verdict.NOT_ASKED


def test_size_speed_schema_and_exactness(measured: Measured) -> None:
    assert bundle_rules.size(measured, RULES).verdict == Verdict.PASS
    small = replace(RULES, size_mebibytes=0.01)
    assert bundle_rules.size(measured, small).verdict == Verdict.FAIL
    speed = bundle_rules.speed(measured, RULES)
    if EVALUATOR == "native":
        assert speed.verdict == Verdict.PASS
        slow = bundle_rules.speed(replace(measured, row_seconds=1e-4), RULES)
        assert slow.verdict == Verdict.FAIL
        assert slow.figures["microseconds"] == pytest.approx(100)
        assert "about 50% as many" in slow.remedy
    without_c = bundle_rules.speed(replace(measured, evaluator="numpy"), RULES)
    assert without_c.verdict == Verdict.NOT_ASKED
    assert bundle_rules.schema(measured, measured).verdict == Verdict.PASS
    dollars = replace(measured, unit="USD", schema_digest="0" * 64)
    refused = bundle_rules.schema(dollars, measured)
    assert refused.verdict == Verdict.FAIL
    assert "prices are in USD, those of the champion in thousands of USD" in refused.found
    exact = bundle_rules.exactness(measured)
    assert exact.verdict == Verdict.PASS
    assert 0 <= measured.largest_gap <= measured.tolerance == pytest.approx(1e-4, rel=0.01)
