"""The receipts that a command is given, and how it ends where some cannot be judged."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from housing_grpc.bundle import small_file

from ..base import options
from ..base.errors import DataError, ExportError, UsageError
from ..base.options import Text
from ..base.settings import Settings
from ..terminal.console import Console
from .mlflow_session import open_records

if TYPE_CHECKING:
    from ..receipts.opening import Fault, Opened

COLUMN = "receipt"
# Of the longest answers that `score --receipts` writes, some 200,000 houses.
_MOST_BYTES = 256 * 2**20


def found(
    console: Console, settings: Settings, receipts: Sequence[str], file: Text
) -> "tuple[Mapping[int, list[Opened]], list[Fault]]":
    """Return the receipts of each version, and those that cannot be judged.

    Args:
        console: Shows what is loaded.
        settings: Where MLflow and the keys are.
        receipts: Given as they are.
        file: CSV file of more, or None.

    Raises:
        UsageError: There are none, or no keys that open them.
        DataError: The file cannot be used.
        RegistryError: MLflow does not answer.
    """
    texts = [*receipts, *_of_file(options.given(file, "--file"))]
    if not texts:
        raise UsageError("give receipts, or name a CSV file of them with --file FILE")
    from ..receipts import keys, opening

    opened, faults = opening.open_all(keys.load(settings), texts)
    name = settings.location.model_name
    nothing = f"{name} has no version, so no bundle that gave these prices"
    with open_records(console, settings, needed=nothing) as records:
        versions = records.versions(name)
    versioned, gone = opening.by_version(opened, versions, name)
    return versioned, faults + gone


def end(console: Console, faults: "Sequence[Fault]", differing: str) -> None:
    """Say what could not be judged, and end with what is worst.

    Args:
        console: Where that goes.
        faults: Of receipts.
        differing: What to say of prices that differ, or "" if none does.

    Raises:
        ExportError: A price differs.
        AdminError: There is a fault.
    """
    for text in dict.fromkeys(str(each.error) for each in faults):
        console.say(f"warning: {text}")
    if differing:
        raise ExportError(differing)
    if faults:
        # Of several kinds, the one that says least of the receipts themselves.
        worst = max((each.error for each in faults), key=lambda error: error.exit_code)
        raise type(worst)(f"{len(faults)} of the receipts could not be judged; see above")


def documents(faults: "Sequence[Fault]") -> list[dict[str, Any]]:
    """Return the faults as JSON has them, in the order of the receipts."""
    return [each.document for each in sorted(faults, key=lambda each: each.place)]


def house(values: Mapping[str, float]) -> str:
    """Return a house for people."""
    return ", ".join(f"{name} {value:g}" for name, value in values.items())


def _of_file(file: Text) -> list[str]:
    if file is None:
        return []
    try:
        text = small_file.read(Path(file), _MOST_BYTES).decode("utf-8-sig")
        rows = csv.DictReader(io.StringIO(text, newline=""))
        if COLUMN not in (rows.fieldnames or ()):
            raise DataError(f"{file} has no column {COLUMN}; housing score --receipts writes one")
        # Rows without one are houses that could not be priced.
        texts = [each for row in rows if (each := row[COLUMN])]
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{file} is not a CSV file in UTF-8: {error}") from error
    if not texts:
        raise DataError(f"{file} has no receipt in its column {COLUMN}")
    return texts
