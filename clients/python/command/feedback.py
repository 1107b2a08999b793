"""`housing feedback`: says what the houses of a file sold for."""

import argparse
import io
import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from pathlib import Path
from typing import Any

from housing_table import outcomes
from housing_table.errors import TableError
from housing_table.outcomes import OutcomeFault, OutcomeRow

from .. import feedback
from ..client import HousingClient
from ..errors import InvalidArgumentError, UnavailableError
from ..feedback import Outcome, Recorded
from ..results import RowError
from . import options

HELP = "say what the houses of a CSV file sold for: columns receipt and price"

EXIT_REJECTED = 4
_ROWS = 1000
_PAUSE_SECONDS = 1.0
_TEXT: Any = {"encoding": "utf-8-sig", "errors": "replace", "newline": ""}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of this command."""
    parser.add_argument(
        "input",
        help="a CSV file with the columns receipt and price, and if you like observed_at and "
        'source; "-" reads the standard input',
    )
    parser.add_argument("--source", default="", help="who says so, where the file does not")
    parser.add_argument(
        "--patience",
        type=options.seconds,
        default=60.0,
        metavar="SECONDS",
        help="how long to go on trying when the server or its store is gone [60]",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(given: argparse.Namespace) -> int:
    """Sends the file, which may be sent again: each receipt counts once."""
    counts = dict.fromkeys(Recorded, 0)
    faults: list[OutcomeFault] = []
    with _opened(given.input) as lines, options.connect(given) as client:
        rows = _read(lines, given.input)
        while part := list(islice(rows, _ROWS)):
            good = [each for each in part if isinstance(each, OutcomeRow)]
            faults += [each for each in part if isinstance(each, OutcomeFault)]
            for row, result in zip(good, _sent(client, good, given), strict=True):
                if isinstance(result, RowError):
                    faults.append(OutcomeFault(row.line, f"{result.message} [{result.reason}]"))
                else:
                    counts[result] += 1
    faults.sort(key=lambda fault: fault.line)
    _tell(counts, faults, as_json=given.json)
    return EXIT_REJECTED if faults else 0


def _opened(path: str) -> AbstractContextManager[Iterable[str]]:
    if path == "-" and isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(**_TEXT)
    return nullcontext(sys.stdin) if path == "-" else Path(path).open(**_TEXT)


def _read(lines: Iterable[str], name: str) -> Iterator[OutcomeRow | OutcomeFault]:
    try:
        yield from outcomes.read(lines)
    except TableError as error:
        raise InvalidArgumentError(f"{name}: {error}") from None


def _sent(
    client: HousingClient, rows: Sequence[OutcomeRow], given: argparse.Namespace
) -> list[Recorded | RowError]:
    """Returns what became of each row, once the server has answered."""
    if not rows:
        return []
    sent = [
        Outcome(
            receipt=row.receipt,
            actual=row.price,
            observed_at=row.observed_at,
            source=row.source or given.source,
        )
        for row in rows
    ]
    seconds = options.timeout(given, feedback.RECORD_SECONDS)
    end = time.monotonic() + given.patience
    while True:
        try:
            return client.record_outcomes(sent, timeout=seconds)
        except UnavailableError as error:
            pause = error.retry_after or _PAUSE_SECONDS
            if time.monotonic() + pause > end:
                raise
            time.sleep(pause)


def _tell(counts: Mapping[Recorded, int], faults: Sequence[OutcomeFault], *, as_json: bool) -> None:
    if as_json:
        errors = [{"line": fault.line, "message": fault.text} for fault in faults]
        named = {result.lower(): count for result, count in counts.items()}
        print(json.dumps({**named, "errors": errors}))
        return
    for fault in faults:
        print(f"line {fault.line}: {fault.text}", file=sys.stderr)
    shown = [f"{count} {result.lower()}" for result, count in counts.items() if count]
    shown += [f"{len(faults)} with errors"] if faults else []
    print(", ".join(shown) or "no outcomes")
