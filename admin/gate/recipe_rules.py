"""The rules for a recipe against another one: how far prices are off, and how sure they are."""

import math

import numpy as np

from ..data.slices import parts
from ..training.intervals import LEVEL
from . import bootstrap
from .bootstrap import Ratio
from .comparison import Compared
from .evidence import Finding, Verdict
from .policy import Policy

_ALL = ""
_RECIPE = "name the data with --data FILE, or train and register a version anew"


def undecided(reason: str, remedy: str = _RECIPE) -> Finding:
    """Return what is said where the two cannot be compared."""
    return Finding(
        rule="quality",
        verdict=Verdict.INCONCLUSIVE,
        found=reason,
        limit="both recipes, compared on the same houses",
        remedy=remedy,
    )


def findings(compared: Compared, policy: Policy, *, has_intervals: bool) -> tuple[Finding, ...]:
    """Return what each rule says.

    Args:
        compared: The two recipes.
        policy: The rules.
        has_intervals: Whether the bundle has any.
    """
    masks = parts(compared.dataset, policy.slices_fewest_rows)
    everything = np.ones(len(compared.dataset.target), dtype=bool)
    found = bootstrap.ratios(
        compared.candidate.squares,
        compared.champion.squares,
        {_ALL: everything, **masks},
        policy.comparison_resamples,
        policy.comparison_seed,
    )
    whole = found.pop(_ALL)
    return (
        _quality(compared, whole, policy),
        _interval(compared, policy, has_intervals=has_intervals),
        _slices(found, policy),
    )


def _quality(compared: Compared, ratio: Ratio, policy: Policy) -> Finding:
    confidence, best = policy.comparison_confidence, policy.quality_pass_up_to
    lower, upper = ratio.lower(confidence), ratio.upper(confidence)
    verdict = Verdict.INCONCLUSIVE
    # Worse for sure is worse, if only by little; so this comes first.
    if lower > policy.quality_fail_above:
        verdict = Verdict.FAIL
    elif upper <= best:
        verdict = Verdict.PASS
    ours, theirs = compared.candidate.rmse, compared.champion.rmse
    margin, unit = upper / ratio.value - 1, compared.dataset.target_unit
    shown = f"{len(compared.dataset.target)} houses show a margin of {margin:.1%} between the two"
    if compared.candidate is compared.champion:
        shown = "both are the same recipe"
    return Finding(
        rule="quality",
        verdict=verdict,
        found=f"RMSE {ours:.3f}, of the champion {theirs:.3f} {unit}: ratio {ratio.value:.3f}"
        f" [{lower:.3f}, {upper:.3f}]; {shown}",
        limit=f"upper bound at most {best:g}, lower at most {policy.quality_fail_above:g}",
        remedy="" if verdict == Verdict.PASS else _quality_remedy(compared, ratio, policy, margin),
        figures={
            "ratio": ratio.value,
            "lower": lower,
            "upper": upper,
            "margin": margin,
            "rmse": ours,
            "champion_rmse": theirs,
        },
    )


def _quality_remedy(compared: Compared, ratio: Ratio, policy: Policy, margin: float) -> str:
    best, houses = policy.quality_pass_up_to, len(compared.dataset.target)
    below = min(best / (1 + margin), policy.quality_fail_above)
    wanted = f"an RMSE of about {compared.champion.rmse * below:.3f}"
    room = best / ratio.value - 1
    if ratio.value > policy.quality_fail_above or room <= 0:
        return wanted
    more = math.ceil(houses * (margin / room) ** 2 / 10) * 10
    return f"{wanted}; or, with this one, about {more} houses of its own data, not {houses}"


def _interval(compared: Compared, policy: Policy, *, has_intervals: bool) -> Finding:
    widest = policy.interval_widest
    limit = f"covers {LEVEL:.0%}, at most {widest:g} times as wide as the champion's"
    if not has_intervals:
        found = "prices of this bundle have no bounds"
        return Finding(rule="interval", verdict=Verdict.NOT_ASKED, found=found, limit=limit)
    ours, theirs = compared.candidate, compared.champion
    draws = bootstrap.resampled(
        ours.covered[:, None], policy.comparison_resamples, policy.comparison_seed
    ) / len(ours.covered)
    coverage = float(ours.covered.mean())
    upper = float(np.quantile(draws, policy.comparison_confidence))
    wider = ours.width / theirs.width
    remedies = []
    if upper < LEVEL:
        remedies.append(f"bounds that hold for {LEVEL:.0%} of the houses: train on these data")
    if wider > widest:
        remedies.append(f"bounds of a mean width of {theirs.width * widest:.3g}: smaller errors")
    return Finding(
        rule="interval",
        verdict=Verdict.FAIL if remedies else Verdict.PASS,
        found=f"covers {coverage:.1%}, surely no more than {upper:.1%}; {ours.width:.3g} wide,"
        f" {wider:.2f} times the champion's",
        limit=limit,
        remedy="; ".join(remedies),
        figures={
            "coverage": coverage,
            "coverage_upper": upper,
            "width": ours.width,
            "width_ratio": wider,
        },
    )


def _slices(found: dict[str, Ratio], policy: Policy) -> Finding:
    worst, confidence = policy.slices_worst, policy.comparison_confidence
    limit = f"none surely above {worst:g} times the champion's RMSE"
    if not found:
        few = f"no part of the data has {policy.slices_fewest_rows} rows"
        return Finding(rule="slices", verdict=Verdict.NOT_ASKED, found=few, limit=limit)
    above = bootstrap.surely_above(found, worst, confidence)
    largest = max(found, key=lambda name: found[name].value)
    words = [f"{name}: {found[name].value:.2f}, surely above {above[name]:.2f}" for name in above]
    return Finding(
        rule="slices",
        verdict=Verdict.FAIL if above else Verdict.PASS,
        found="; ".join(words)
        or f"of {len(found)}, the largest ratio is {found[largest].value:.2f}, where {largest}",
        limit=limit,
        remedy=f"smaller errors where: {', '.join(above)}" if above else "",
        figures={name: ratio.value for name, ratio in found.items()},
    )
