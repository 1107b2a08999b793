"""`housing score`: the prices of a whole file, and a file of the rows that have none."""

import argparse
import select
import sys
from functools import partial
from pathlib import Path

from housing_table.columns import TARGET

from .. import requests
from ..asked import asked
from ..chunks import Form
from ..client import HousingClient
from ..errors import InvalidArgumentError
from ..job import Scores
from ..ledger import StreamPolicy, Tally
from ..sources import FORMATS, FileFormat, count_of, format_of, from_file
from . import options
from .beside import Beside
from .files import check_apart, check_existing
from .output import Output
from .rejected import Rejected

HELP = "price all houses of a CSV, NDJSON or Parquet file"

EXIT_REJECTED = 4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of this command."""
    parser.add_argument("input", help='a file of houses; "-" reads the standard input')
    parser.add_argument("output", nargs="?", default="-", help='where prices go; "-" prints [-]')
    formats = sorted(set(FORMATS.values()))
    parser.add_argument("--from", dest="source_format", choices=formats, help="what input holds")
    parser.add_argument("--to", dest="output_format", choices=formats, help="what to write")
    parser.add_argument(
        "--rejected", metavar="FILE", help="where rejected rows go [beside the output]"
    )
    existing = parser.add_mutually_exclusive_group()
    existing.add_argument("--resume", action="store_true", help="go on with an output half done")
    existing.add_argument("--force", action="store_true", help="write over an output that exists")
    parser.add_argument(
        "--ignore", action="append", default=[], metavar="COLUMN", help="a column to leave out"
    )
    parser.add_argument(
        "--keep",
        action="append",
        default=[],
        metavar="COLUMN",
        help="a column, such as an id, to write beside the price",
    )
    parser.add_argument(
        "--intervals",
        action="store_true",
        help="write lower, upper and p_value, too: how sure each price is, how unusual the house",
    )
    options.add_level(parser)
    parser.add_argument(
        "--receipts",
        action="store_true",
        help="write the receipt of each price, too, to send outcomes with",
    )
    parser.add_argument("--chunk-rows", type=_count, default=1000, help="houses a message [1000]")
    parser.add_argument(
        "--patience",
        type=options.seconds,
        default=60.0,
        metavar="SECONDS",
        help="how long to go on trying when a job is under way and the server is gone [60]",
    )
    parser.add_argument("--pin-model", action="store_true", help="one model for the whole file")
    parser.add_argument("--quiet", action="store_true", help="no progress, no summary")


def run(given: argparse.Namespace) -> int:
    """Scores the file; rows that are rejected make the exit code 4."""
    # A level says nothing where no interval is written.
    given.intervals = given.intervals or given.level is not None
    source = _format(given.source_format, given.input)
    target = _format(given.output_format, given.output, to_write=True)
    if source == "parquet" and given.input == "-":
        raise InvalidArgumentError("Parquet is read from a file, not from the standard input")
    rejected_path = _rejected_path(given)
    check_apart(given.input, given.output, rejected_path)
    check_existing(given.output, rejected_path, resume=given.resume, force=given.force)
    with (
        options.connect(given) as client,
        Output(
            given.output,
            target,
            keep=given.keep,
            beside=Beside(intervals=given.intervals, receipts=given.receipts),
            resume=given.resume,
            force=given.force,
        ) as output,
        Rejected(rejected_path, keep=output.rows) as rejected,
    ):
        _say_lost(output.done.rejected - rejected.kept, rejected.path)
        scores = _scores(client, given, source, target, output)
        said = 0
        try:
            for chunk in scores.chunks():
                said = _say_notes(given, scores.tally, said)
                output.start()
                rejected.write(chunk)
                output.write(chunk)
        except BrokenPipeError:
            raise
        except BaseException:
            # Also for who wants no summary: it is how to go on after an error.
            if output.rows and given.output != "-" and target != "parquet":
                _say(f"{_rows(output.rows)} done; go on with --resume")
            raise
        _say_notes(given, scores.tally, said)
        if not given.quiet:
            _say(_summary(scores.tally, output, rejected))
    return EXIT_REJECTED if rejected.rows or output.done.rejected else 0


def _scores(
    client: HousingClient,
    given: argparse.Namespace,
    source: FileFormat,
    target: FileFormat,
    output: Output,
) -> Scores:
    ignore = (TARGET, *given.ignore)
    # Blocks of numbers are the fastest, and get names of features back; JSON has all that there is.
    form: Form = "rows" if target == "ndjson" or given.receipts else "matrix"
    layout = requests.layout(form, given.chunk_rows, ignore, given.keep, skip=output.rows)
    policy = StreamPolicy()
    total = None if given.input == "-" else count_of(given.input)
    return client.score_chunks_of(
        from_file(given.input, source, layout),
        tally=Tally(total=None if total is None else total - output.rows, notes=layout.notes),
        progress=not given.quiet,
        policy=StreamPolicy(
            pin_model=given.pin_model,
            patience=options.timeout(given, policy.patience),
            retry_seconds=given.patience,
        ),
        pinned=output.done.model_version,
        blocks=partial(_is_silent, given.input),
        beside=asked(intervals=given.intervals, level=given.level, receipt=given.receipts),
    )


def _is_silent(path: str) -> bool:
    """Tells of a pipe that has nothing just now: it is not to keep prices back."""
    try:
        return path == "-" and not select.select([sys.stdin], [], [], 0)[0]
    except (OSError, ValueError):
        # What stands in for the standard input, or a pipe of Windows.
        return False


def _format(chosen: FileFormat | None, path: str, *, to_write: bool = False) -> FileFormat:
    if chosen is not None:
        return chosen
    return "csv" if path == "-" else format_of(path, to_write=to_write)


def _rejected_path(given: argparse.Namespace) -> Path | None:
    if given.rejected:
        return Path(given.rejected)
    return None if given.output == "-" else Path(given.output).with_suffix(".rejected.csv")


def _say_notes(given: argparse.Namespace, tally: Tally, said: int) -> int:
    """Says what was made of the table and was not said; some of it shows at the end alone."""
    if not given.quiet:
        for note in tally.notes[said:]:
            _say(note)
    return len(tally.notes)


def _summary(tally: Tally, output: Output, rejected: Rejected) -> str:
    parts = [_rows(output.rows)]
    if rejected.rows:
        where = f", see {rejected.path}" if rejected.path else ""
        parts.append(f"{rejected.rows:,} rejected{where}")
    if tally.resumes:
        parts.append(f"gone on after {tally.resumes} break{'s' * (tally.resumes > 1)}")
    since = " since the resume" if output.done.rows else ""
    for rows, what, features in (
        (tally.out_of_range_rows, "out of the training range", tally.out_of_range),
        (tally.imputed_rows, "with values filled in", tally.imputed),
    ):
        if rows:
            parts.append(f"{rows:,} {what}{since} ({_counted(features)})")
    return "; ".join([*parts, f"model {', '.join(tally.model_versions) or 'not asked'}"])


def _counted(features: dict[str, int] | None) -> str:
    if features is None:
        return "this server does not say which"
    return ", ".join(f"{name} {count:,}" for name, count in features.items())


def _say_lost(count: int, path: Path | None) -> None:
    if count > 0:
        _say(f"warning: {_rows(count)} rejected before, without a reason in {path}; was it moved?")


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of 1 or more")
    return int(text)
