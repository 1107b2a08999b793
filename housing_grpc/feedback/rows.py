"""Lays outcomes out as rows of the tables."""

import math
from typing import Any

from housing_grpc.feedback.merging import Kept, Replaced
from housing_grpc.feedback.outcome import Outcome

_NANOSECONDS = 1000


def new_row(outcome: Outcome, kept: Kept, *, features: bool) -> dict[str, Any]:
    """Returns the row of a receipt that is new.

    Args:
        outcome: The first of it.
        kept: What counts of it.
        features: Whether to keep those of the house.
    """
    receipt = outcome.receipt
    return {
        "id": outcome.id,
        "digest": receipt.model.digest,
        "schema": receipt.model.schema,
        "version": receipt.model.version,
        "variant": int(receipt.variant),
        "priced_at": receipt.priced_at // _NANOSECONDS,
        "price": receipt.price,
        "lower": _there(receipt.lower),
        "upper": _there(receipt.upper),
        "level": _there(receipt.level),
        # guard: features are kept where that is asked for
        "features": receipt.row if features else None,
        "rival_digest": outcome.rival.digest if outcome.rival else None,
        "rival_price": outcome.rival.price if outcome.rival else None,
        **_values(kept),
        "retracted": kept.retracted,
    }


def replaced_row(replaced: Replaced) -> dict[str, Any]:
    """Returns the row of the history of what counts no more."""
    return {
        "id": replaced.id,
        "change": int(replaced.change),
        "changed_at": replaced.changed_at,
        **_values(replaced.kept),
    }


def _values(kept: Kept) -> dict[str, Any]:
    return {
        "actual": kept.actual,
        "observed_at": kept.observed_at,
        "source": kept.source,
        "recorded_at": kept.recorded_at,
    }


def _there(number: float) -> float | None:
    return None if math.isnan(number) else number
