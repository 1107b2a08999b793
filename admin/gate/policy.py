"""The rules that a version has to keep, from a YAML file."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from housing_table.cells import shortened

from ..base import yaml_file
from ..base.discovery import guess
from ..base.errors import UsageError
from .evidence import Verdict

SHIPPED = Path(__file__).with_name("policy.yaml")

_NEEDS = "rules, such as quality"
# Of each field: its type, the lowest and the highest value.
_FIELDS: Mapping[str, tuple[type, float, float]] = {
    "quality.pass_up_to": (float, 1, 10),
    "quality.fail_above": (float, 1, 10),
    "quality.allow_inconclusive": (bool, 0, 1),
    "interval.widest": (float, 1, 10),
    "slices.fewest_rows": (int, 10, 1_000_000),
    "slices.worst": (float, 1, 10),
    "speed.microseconds": (float, 1, 1_000_000),
    "size.mebibytes": (float, 0.01, 1024),
    "comparison.folds": (int, 2, 20),
    "comparison.repeats": (int, 1, 100),
    "comparison.resamples": (int, 1000, 100_000),
    "comparison.confidence": (float, 0.5, 0.999),
    "comparison.seed": (int, 0, 2**31 - 1),
}
_SECTIONS = tuple(dict.fromkeys(key.partition(".")[0] for key in _FIELDS))


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The rules; `policy.yaml` says what each value is."""

    quality_pass_up_to: float
    quality_fail_above: float
    quality_allow_inconclusive: bool
    interval_widest: float
    slices_fewest_rows: int
    slices_worst: float
    speed_microseconds: float
    size_mebibytes: float
    comparison_folds: int
    comparison_repeats: int
    comparison_resamples: int
    comparison_confidence: float
    comparison_seed: int

    @property
    def digest(self) -> str:
        """SHA-256 of all values, in hexadecimal."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()

    def refuses(self, verdict: Verdict) -> bool:
        """Return whether a version of which that is said is not to be promoted."""
        undecided = verdict is Verdict.INCONCLUSIVE and self.quality_allow_inconclusive
        return verdict is not Verdict.PASS and not undecided


def load(path: Path | None = None) -> Policy:
    """Return the shipped rules, with what a file changes.

    Args:
        path: The file; None for the shipped rules alone.

    Raises:
        UsageError: It cannot be read, or a field is wrong; the text names the field.
    """
    values = _flat(yaml_file.read(SHIPPED, _NEEDS))
    if path is None:
        return Policy(**values)
    found = yaml_file.read(path, _NEEDS)
    try:
        return _checked_together(Policy(**{**values, **_flat(found)}))
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error


def _checked_together(policy: Policy) -> Policy:
    if policy.quality_fail_above > policy.quality_pass_up_to:
        raise UsageError("quality.fail_above is more than quality.pass_up_to; give it less")
    return policy


def _flat(found: Mapping[str, Any]) -> dict[str, Any]:
    values = {}
    for section, fields in found.items():
        if section not in _SECTIONS:
            hint = guess(str(section), _SECTIONS)
            raise UsageError(f"{_shown(section)} is no rule{hint}; use {', '.join(_SECTIONS)}")
        if not isinstance(fields, Mapping):
            raise UsageError(f"{section} is {_shown(fields)}; give fields below it")
        known = [key.partition(".")[2] for key in _FIELDS if key.startswith(f"{section}.")]
        for name, value in fields.items():
            if name not in known:
                hint = guess(str(name), known)
                field = f"{section}.{shortened(str(name))}"
                raise UsageError(f"{field} is no field{hint}; use {', '.join(known)}")
            values[f"{section}_{name}"] = _checked(f"{section}.{name}", value)
    return values


def _checked(key: str, value: Any) -> Any:
    kind, low, high = _FIELDS[key]
    if kind is bool:
        if not isinstance(value, bool):
            raise UsageError(f"{key} is {_shown(value)}; give true or false")
        return value
    kinds = (int, float) if kind is float else (int,)
    # A bool is an int to Python, but not to the person who wrote it.
    right = isinstance(value, kinds) and not isinstance(value, bool)
    # Written so that a NaN is refused.
    if not right or not low <= value <= high or not math.isfinite(value):
        noun = "a number" if kind is float else "a whole number"
        raise UsageError(f"{key} is {_shown(value)}; give {noun} from {low:g} to {high:.10g}")
    return kind(value)


def _shown(value: object) -> str:
    return shortened(repr(value))
