"""The rule for houses that were sold and that neither bundle has seen: bundle against bundle.

`retrain` keeps them from the training, and names them in tags of its run.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from housing_grpc.bundle.schema import FEATURE_NAMES

from ..base.errors import DataError
from ..data import dataset
from ..export.measured import Measured
from ..tracking.mlflow_client import Client
from ..tracking.records import Version
from ..tracking.tags import DATA_PATH_TAG, FRESH_DIGEST_TAG, FRESH_PATH_TAG
from ..tracking.training_command import data_file
from . import bootstrap
from .bootstrap import Ratio
from .evidence import Finding, Verdict
from .policy import Policy

Numbers = NDArray[np.float64]

NO_ROWS: Numbers = np.empty((0, len(FEATURE_NAMES)))
"""No houses, shape (0, features)."""

_RULE = "fresh"
# With fewer, a bundle may be surely worse, but none is shown to be good enough.
_ENOUGH = 100
_FEWEST = 20
_ALL = "all"


@dataclass(frozen=True, kw_only=True, eq=False)
class Fresh:
    """Houses that were sold and kept for the gate.

    Attributes:
        rows: Shape (n, features), NaN where a value is missing.
        prices: What they sold for, shape (n,).
        missing: Why they cannot be had, or "".
    """

    rows: Numbers
    prices: Numbers
    missing: str = ""


def find(client: Client, version: Version) -> Fresh | None:
    """Return what was kept for a version, or None if nothing was.

    Args:
        client: MLflow.
        version: That is to be promoted.
    """
    run = client.run(version.run_id) if version.run_id else None
    digest = run.tags.get(FRESH_DIGEST_TAG) if run else None
    if run is None or not digest:
        return None
    path = run.tags.get(FRESH_PATH_TAG, "")
    file = data_file(digest, {DATA_PATH_TAG: path}) if path else None
    if file is None:
        return _missing(f"the houses kept for the gate (SHA-256 {digest[:12]}...) are not here")
    return _read(file)


def findings(
    fresh: Fresh | None, ours: Measured, theirs: Measured, policy: Policy
) -> tuple[Finding, ...]:
    """Return what the rule says; nothing where no houses were kept.

    Args:
        fresh: The houses.
        ours: The bundle that is to be promoted, asked for their prices.
        theirs: The one that is, likewise.
        policy: The rules.
    """
    if fresh is None:
        return ()
    confidence, best = policy.comparison_confidence, policy.quality_pass_up_to
    limit = f"upper bound at most {best:g}, lower at most {policy.quality_fail_above:g}"
    if fresh.missing:
        return (
            Finding(
                rule=_RULE,
                verdict=Verdict.INCONCLUSIVE,
                found=fresh.missing,
                limit=limit,
                remedy="ask where it was retrained, or retrain",
            ),
        )
    count = len(fresh.prices)
    if count < _FEWEST:
        found = f"{count} houses that neither has seen, and {_FEWEST} are needed"
        return (Finding(rule=_RULE, verdict=Verdict.NOT_ASKED, found=found, limit=limit),)
    ratio = _ratio(fresh, ours, theirs, policy)
    lower, upper = ratio.lower(confidence), ratio.upper(confidence)
    verdict = _verdict(lower, upper, count, policy)
    found = (
        f"on {count} houses that neither has seen, RMSE ratio {ratio.value:.3f}"
        f" [{lower:.3f}, {upper:.3f}]"
    )
    if verdict is Verdict.NOT_ASKED:
        found = f"{found}; not surely worse, and fewer than {_ENOUGH} show no more"
    passed = verdict in (Verdict.PASS, Verdict.NOT_ASKED)
    remedy = "" if passed else "look at the newest outcomes, and at who has sent them"
    figures = {"ratio": ratio.value, "lower": lower, "upper": upper, "houses": float(count)}
    return (
        Finding(
            rule=_RULE, verdict=verdict, found=found, limit=limit, remedy=remedy, figures=figures
        ),
    )


def _verdict(lower: float, upper: float, count: int, policy: Policy) -> Verdict:
    # Written so that a NaN fails: the champion makes no error, and the other one does.
    if not lower <= policy.quality_fail_above:
        return Verdict.FAIL
    if count < _ENOUGH:
        return Verdict.NOT_ASKED
    return Verdict.PASS if upper <= policy.quality_pass_up_to else Verdict.INCONCLUSIVE


def _ratio(fresh: Fresh, ours: Measured, theirs: Measured, policy: Policy) -> Ratio:
    mine, other = ((side.prices - fresh.prices) ** 2 for side in (ours, theirs))
    everything = {_ALL: np.ones(len(fresh.prices), dtype=bool)}
    resamples, seed = policy.comparison_resamples, policy.comparison_seed
    return bootstrap.ratios(mine, other, everything, resamples, seed)[_ALL]


def _read(file: Path) -> Fresh:
    try:
        rows, prices = dataset.load_priced(file)
    except DataError as error:  # Whoever writes to a registry names any file.
        return _missing(f"the houses kept for the gate: {error}")
    # Written so that a NaN is refused.
    if not np.isfinite(prices).all():
        return _missing("the houses kept for the gate have no price each")
    return Fresh(rows=rows, prices=prices)


def _missing(text: str) -> Fresh:
    return Fresh(rows=NO_ROWS, prices=np.empty(0), missing=text)
