"""Compares served prices with the training's own pipeline, and with the bundle."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..base import options
from ..base.options import Text
from ..base.settings import Settings
from ..terminal.console import Console
from . import receipt_input
from .mlflow_session import open_records

if TYPE_CHECKING:
    from ..receipts.skew import Largest, Skew

_COLUMNS = ("version", "receipts", "largest from bundle", "largest from pipeline", "result")


def run(
    console: Console,
    settings: Settings,
    *,
    receipts: Sequence[str] = (),
    file: Text = None,
    data: Text = None,
) -> None:
    """Answer what receipts were given for with the fitted pipeline, and with the bundle.

    Args:
        console: Where that goes.
        settings: Where MLflow and the keys are.
        receipts: As they came with prices.
        file: CSV file with a column of them.
        data: File that their versions were trained on.

    Raises:
        ExportError: A price differs, or a bundle cannot be used.
        DataError: What a version was trained on is not here.
        RegistryError: A bundle is gone, or MLflow does not answer.
        UsageError: A receipt cannot be opened, or `data` is another file.
    """
    given = options.given(data, "--data")
    versions, faults = receipt_input.found(console, settings, receipts, file)
    with console.busy("Loading scikit-learn ..."):
        from ..receipts.skew import TOLERANCE, skew
    with (
        open_records(console, settings) as records,
        console.steps(2 * len(versions), "receipts") as step,
    ):
        told, untrained = skew(
            records, settings, versions, data=Path(given) if given else None, step=step
        )
    faults += untrained
    if told:
        console.table(_COLUMNS, [_row(each) for each in told])
    for each in told:
        _explain(console, each)
    console.give(
        {
            "tolerance": TOLERANCE,
            "versions": [each.document for each in told],
            "faults": receipt_input.documents(faults),
        }
    )
    failing = [str(each.version) for each in told if not each.passed]
    differing = f"prices of version {', '.join(failing)} are not those of its training"
    receipt_input.end(console, faults, differing if failing else "")


def _row(each: "Skew") -> tuple[str, ...]:
    result = "passed" if each.passed else "differs"
    sizes = (f"{found.size:.2g}" for found in (each.bundle, each.pipeline))
    return (str(each.version), str(each.receipts), *sizes, result)


def _explain(console: Console, each: "Skew") -> None:
    for name, found in (("bundle", each.bundle), ("fitted pipeline", each.pipeline)):
        if found.above:
            console.show(_largest(name, each, found))
    if each.pipeline.above and not each.bundle.above:
        console.show(
            "The bundle answers as it did: the training itself gives another model with the"
            " libraries of today."
        )
    if each.other_schema:
        console.show(
            f"{each.other_schema} of the receipts of version {each.version} name another schema"
            " than its bundle has: names, units or the order of its features were others."
        )


def _largest(name: str, each: "Skew", found: "Largest") -> str:
    at = found.at
    return (
        f"{found.above} of {each.receipts} prices of version {each.version} are not those of the"
        f" {name}: receipt {at.place} by {found.size:.3g}, of {receipt_input.house(at.house)}"
    )
