"""How outcomes are written to a file: CSV or JSON, by the end of its name."""

import csv
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

import numpy as np

from housing_grpc.bundle.schema import FEATURE_NAMES
from housing_grpc.feedback.store import Store
from housing_grpc.receipts.record import Variant

from ..base.errors import UsageError

FORMATS = (".csv", ".json")
# Also as they stand in scripts of full width.
_FORMULAS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOMENTS = ("priced_at", "observed_at", "recorded_at")
_COLUMNS = ("id", "digest", "schema", "version", "variant", "priced_at", "price", "lower", "upper",
            "level", "actual", "observed_at", "source", "recorded_at", "retracted")  # fmt: skip


def write(store: Store, path: Path) -> int:
    """Write all outcomes to a file that is not there yet; return how many.

    Raises:
        UsageError: Its name ends otherwise, it is there, or it cannot be written.
    """
    if path.suffix.lower() not in FORMATS:
        raise UsageError(f"{path}: name a file that ends in {' or '.join(FORMATS)}")
    rows = map(_document, _rows(store))
    try:
        # What houses sold for is their owners' affair.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise UsageError(f"{path} is there already; name another file") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}; name another file") from None
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as opened:
        as_csv = path.suffix.lower() == ".csv"
        return _write_csv(opened, rows) if as_csv else _write_json(opened, rows)


def _rows(store: Store) -> Iterator[Mapping[str, Any]]:
    after = 0
    while (found := store.export(after)).rows:
        yield from found.rows
        after = found.after


def _document(row: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: row[name] for name in _COLUMNS}
    found["id"] = bytes(row["id"]).hex()
    found["variant"] = Variant(row["variant"]).name.lower()
    for name in _MOMENTS:
        found[name] = None if row[name] is None else _text(row[name])
    values = np.frombuffer(bytes(row["features"])).tolist() if row["features"] else []
    missing = [None] * len(FEATURE_NAMES)
    named = zip(FEATURE_NAMES, values or missing, strict=True)
    return found | {name: None if value != value else value for name, value in named}  # noqa: PLR0124 - NaN


def _text(microseconds: int) -> str:
    return (_EPOCH + timedelta(microseconds=microseconds)).isoformat().replace("+00:00", "Z")


def _write_csv(opened: IO[str], rows: Iterable[dict[str, Any]]) -> int:
    writer = csv.DictWriter(opened, [*_COLUMNS, *FEATURE_NAMES], lineterminator="\n")
    writer.writeheader()
    count = 0
    for row in rows:
        source = _inert(row["source"])
        writer.writerow({**row, "source": source, "retracted": int(row["retracted"])})
        count += 1
    return count


def _inert(text: str) -> str:
    """Return a text of which spreadsheets compute nothing: whoever records outcomes chooses it."""
    # guard: a source that a spreadsheet would compute
    return f"'{text}" if text.lstrip().startswith(_FORMULAS) else text


def _write_json(opened: IO[str], rows: Iterable[dict[str, Any]]) -> int:
    count = 0
    opened.write("[")
    for row in rows:
        opened.write(",\n" if count else "\n")
        json.dump(row, opened)
        count += 1
    opened.write("\n]\n")
    return count
