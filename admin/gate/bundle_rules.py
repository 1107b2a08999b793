"""The rules for a bundle as it is: whether it answers, what it takes, how large and fast it is."""

from ..export.measured import Measured
from .evidence import EXACTNESS, Finding, Verdict
from .policy import Policy

_MEBIBYTE = 2**20
_LESS = "train fewer or shallower trees"


def unusable(reason: str) -> Finding:
    """Return what is said of a bundle that cannot be opened."""
    return Finding(
        rule=EXACTNESS,
        verdict=Verdict.FAIL,
        found=reason,
        limit="answers as in training",
        remedy="train and register the model again",
    )


def exactness(bundle: Measured) -> Finding:
    """Return that a bundle answers its golden rows; one that does not cannot be opened."""
    return Finding(
        rule=EXACTNESS,
        verdict=Verdict.PASS,
        found=f"off by {bundle.largest_gap:.2g} on {bundle.golden_rows} golden rows",
        limit=f"at most {bundle.tolerance:.2g}",
        figures={"largest_gap": bundle.largest_gap, "tolerance": bundle.tolerance},
    )


def schema(bundle: Measured, champion: Measured | None) -> Finding:
    """Return whether a bundle takes and gives what the champion does, in the same unit."""
    limit = "features and unit of prices as of the champion"
    if champion is None or bundle.schema_digest == champion.schema_digest:
        found = f"the features of this contract; prices in {bundle.unit}"
        return Finding(rule="schema", verdict=Verdict.PASS, found=found, limit=limit)
    return Finding(
        rule="schema",
        verdict=Verdict.FAIL,
        found=f"prices are in {bundle.unit}, those of the champion in {champion.unit}",
        limit=limit,
        remedy=f"train on prices in {champion.unit}, or name the unit with --target_unit",
    )


def size(bundle: Measured, policy: Policy) -> Finding:
    """Return whether a bundle is small enough."""
    mebibytes, most = bundle.bytes / _MEBIBYTE, policy.size_mebibytes
    small = mebibytes <= most
    return Finding(
        rule="size",
        verdict=Verdict.PASS if small else Verdict.FAIL,
        found=f"{mebibytes:.2f} MiB",
        limit=f"at most {most:g} MiB",
        remedy="" if small else _LESS,
        figures={"mebibytes": mebibytes},
    )


def speed(bundle: Measured, policy: Policy) -> Finding:
    """Return whether a bundle prices one house fast enough."""
    microseconds, most = bundle.row_seconds * 1e6, policy.speed_microseconds
    limit = f"at most {most:g} µs of processor time a house"
    if bundle.evaluator != "native":
        found = "the evaluator in C, which servers use, is not built here"
        return Finding(rule="speed", verdict=Verdict.NOT_ASKED, found=found, limit=limit)
    fast = microseconds <= most
    return Finding(
        rule="speed",
        verdict=Verdict.PASS if fast else Verdict.FAIL,
        found=f"{microseconds:.1f} µs",
        limit=limit,
        remedy="" if fast else f"{_LESS}, about {most / microseconds:.0%} as many",
        figures={"microseconds": microseconds},
    )
