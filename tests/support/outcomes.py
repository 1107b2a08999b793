"""Receipts and outcomes to record."""

import math
import time
from typing import Any

from housing_grpc.feedback.outcome import Outcome
from housing_grpc.receipts.record import Model, Receipt
from housing_grpc.receipts.sealing import Seals, outcome_id

KEY = bytes(range(32))
SEALS = Seals([KEY])
MODEL = Model("0123456789abcdef", "89abcdef", 3)
OTHER = Model("fedcba9876543210", "89abcdef", 4)
ROW = bytes(range(104))


def receipt(price: float = 20.0, **more: Any) -> Receipt:
    """Returns what a receipt holds, of this moment, with an interval unless told otherwise."""
    given: dict[str, Any] = {
        "model": MODEL,
        "priced_at": time.time_ns(),
        "row": ROW,
        "lower": price - 5,
        "upper": price + 5,
        "level": 0.9,
        **more,
    }
    return Receipt(price=price, **given)


def without_interval() -> dict[str, float]:
    """Returns what a receipt holds of an interval if there was none."""
    return {"lower": math.nan, "upper": math.nan, "level": math.nan}


def sealed(made: Receipt | None = None) -> str:
    """Returns the text of a receipt."""
    return SEALS.seal((made or receipt()).pack())


def outcome(actual: float = 21.0, *, of: Receipt | None = None, **more: Any) -> Outcome:
    """Returns an outcome, of a receipt of its own unless one is given."""
    made = of or receipt()
    return Outcome(id=outcome_id(sealed(made)), receipt=made, actual=actual, **more)
