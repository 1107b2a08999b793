"""How the prices of one model differ from those of another."""

import msgspec
import numpy as np

from .model import Bundle

# So many houses are told of.
_MOST_CHANGES = 5


class PriceChange(msgspec.Struct, frozen=True, kw_only=True):
    """A house whose price changes.

    Attributes:
        house: Its features, in the order of FEATURES; None where a value is missing.
        price: As it is.
        new_price: As it would be.
    """

    house: tuple[float | None, ...]
    price: float
    new_price: float


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """How prices differ, in the target's unit.

    Attributes:
        rows: How many houses both models were asked for.
        mean: Of the changes; above zero if prices rise.
        p99: The size that 99 of 100 changes do not exceed.
        largest: The largest size.
        changes: The largest changes, the largest first.
    """

    rows: int
    mean: float
    p99: float
    largest: float
    changes: tuple[PriceChange, ...]


def between(old: Bundle, new: Bundle) -> Difference:
    """Has two models price the golden rows of both.

    Raises:
        ModelOutputError: One of them gives no price.
    """
    golden = [*old.metadata.golden.rows, *new.metadata.golden.rows]
    # A house that both carry counts once.
    rows = list(dict.fromkeys(tuple(row) for row in golden))
    values = np.array(rows, dtype=np.float64)
    before, after = old.predict(values), new.predict(values)
    changes, sizes = after - before, np.abs(after - before)
    places = np.argsort(-sizes, kind="stable")[:_MOST_CHANGES].tolist()
    return Difference(
        rows=len(rows),
        mean=float(changes.mean()),
        p99=float(np.quantile(sizes, 0.99)),
        largest=float(sizes.max()),
        changes=tuple(
            PriceChange(house=rows[each], price=float(before[each]), new_price=float(after[each]))
            for each in places
            if sizes[each] > 0
        ),
    )
