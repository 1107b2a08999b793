"""Answers what receipts were given for again, with the bundles that gave them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..base.options import Text
from ..base.settings import Settings
from ..terminal.console import Console
from . import receipt_input
from .models import minute

if TYPE_CHECKING:
    from ..receipts.replay import Replayed

_COLUMNS = ("receipt", "priced at", "version", "bundle", "price", "again", "result", "house")
_SAME = "same to the bit"


def run(
    console: Console, settings: Settings, *, receipts: Sequence[str] = (), file: Text = None
) -> None:
    """Ask the bundle of each receipt for its price and interval again.

    Args:
        console: Where that goes.
        settings: Where MLflow and the keys are.
        receipts: As they came with prices.
        file: CSV file with a column of them.

    Raises:
        ExportError: A bundle answers something else, or cannot be used.
        RegistryError: A bundle is gone, or MLflow does not answer.
        UsageError: A receipt cannot be opened.
    """
    versions, faults = receipt_input.found(console, settings, receipts, file)
    from ..receipts.replay import replay

    with console.steps(len(versions), "receipts") as step:
        replayed, unfetched = replay(settings, versions, step)
    faults += unfetched
    if replayed:
        console.table(_COLUMNS, [_row(each) for each in replayed], spare=("house", "bundle"))
    differing = [each for each in replayed if not each.same]
    console.give(
        {
            "receipts": len(replayed) + len(faults),
            "same": len(replayed) - len(differing),
            "replayed": [each.document for each in replayed],
            "faults": receipt_input.documents(faults),
        }
    )
    told = f"{len(differing)} of {len(replayed)} prices are not what the same bundle answers now"
    receipt_input.end(console, faults, told if differing else "")


def _row(each: "Replayed") -> tuple[str, ...]:
    receipt = each.opened.receipt
    return (
        str(each.opened.place),
        minute(each.opened.priced_at),
        str(each.version),
        receipt.model.digest,
        f"{receipt.price!r}",
        f"{each.price!r}",
        _SAME if each.same else _difference(each),
        receipt_input.house(each.opened.house),
    )


def _difference(each: "Replayed") -> str:
    receipt, (lower, upper) = each.opened.receipt, each.interval
    change = each.price - receipt.price
    if change:
        return f"differs by {change:+.3g}"
    return f"interval {receipt.lower!r} to {receipt.upper!r} is now {lower!r} to {upper!r}"
