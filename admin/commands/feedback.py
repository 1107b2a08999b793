"""Writes outcomes to a file, takes them from one, and deletes them."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from ..base import options
from ..base.discovery import guess
from ..base.errors import DataError, UsageError
from ..base.options import Text
from ..base.settings import Settings
from ..terminal.console import Console

_SHOWN = 20


def run(
    console: Console,
    settings: Settings,
    *,
    action: str,
    what: Sequence[str] = (),
    before: Text = None,
    force: Text = None,
) -> None:
    """Do one of four things with the outcomes that servers keep.

    Args:
        console: Where it goes what was done.
        settings: Where they are, and the keys of receipts.
        action: Which.
        what: A file, or receipts.
        before: Prices that were given before this date are deleted.
        force: Whether that is really meant.
    """
    actions: dict[str, Callable[[], None]] = {
        "export": lambda: _export(console, settings, what),
        "import": lambda: _import(console, settings, what),
        "purge": lambda: _purge(console, settings, before, what, force=force),
        "forget": lambda: _forget(console, settings, what),
    }
    if action not in actions:
        hint = guess(action, tuple(actions))
        raise UsageError(f"feedback does not know {action!r}{hint}; it knows: {', '.join(actions)}")
    if action != "purge" and (before is not None or force is not None):
        raise UsageError(f"feedback {action} takes neither --before nor --force")
    actions[action]()


def _export(console: Console, settings: Settings, what: Sequence[str]) -> None:
    path = _file("export", what)
    from ..feedback import opening, table

    with opening.store(settings) as store:
        count = table.write(store, path)
    console.show(f"Wrote {path}: {_outcomes(count)}")
    console.give({"file": str(path), "outcomes": count})


def _import(console: Console, settings: Settings, what: Sequence[str]) -> None:
    path = _file("import", what)
    from ..feedback import opening
    from ..feedback.importing import Import
    from ..receipts import keys

    seals = keys.load(settings)
    with opening.store(settings, may_be_new=True) as store:
        taking = Import(store, seals, settings.feedback_days)
        counts = {result.name.lower(): count for result, count in taking.take(path).items()}
    for fault in taking.faults[:_SHOWN]:
        console.say(f"line {fault.line}: {fault.text}")
    console.show(", ".join(f"{count} {name}" for name, count in counts.items()))
    errors = [{"line": fault.line, "message": fault.text} for fault in taking.faults]
    console.give({**counts, "refused": taking.refused, "errors": errors})
    if taking.refused:
        raise DataError(
            f"{path}: {taking.refused} lines were not taken; mend them and import again"
        )


def _purge(
    console: Console, settings: Settings, before: Text, what: Sequence[str], *, force: Text
) -> None:
    text = options.given(before, "--before")
    if text is None or what:
        raise UsageError("feedback purge takes --before DATE, such as --before 2026-01-31")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--before: {text!r} is no date; write it as 2026-01-31") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if not options.flag(force, "--force"):
        raise UsageError(
            f"this deletes the outcomes of all prices that were given before {moment:%Y-%m-%d} for "
            "good; add --force if that is what you want (export keeps them in a file)"
        )
    from ..feedback import opening

    with opening.store(settings) as store:
        count = sum(store.purge(round(moment.timestamp() * 1_000_000)))
    console.show(f"Deleted {_outcomes(count)}")
    console.give({"deleted": count})


def _forget(console: Console, settings: Settings, what: Sequence[str]) -> None:
    if not what:
        raise UsageError("feedback forget takes the receipts whose outcomes are to be deleted")
    from housing_grpc.receipts.sealing import LENGTH, outcome_id

    for text in what:
        if len(text) != LENGTH:
            raise UsageError(f"a receipt has {LENGTH} characters; one that was given: {len(text)}")
        if not text.isascii() or not text.replace("-", "").replace("_", "").isalnum():
            raise UsageError("a receipt has letters, digits, - and _ alone; give it as it came")
    from ..feedback import opening

    with opening.store(settings) as store:
        count = store.forget(map(outcome_id, what))
    console.show(f"Deleted {_outcomes(count)} of {len(set(what))} receipts")
    console.give({"deleted": count, "receipts": len(set(what))})


def _file(action: str, what: Sequence[str]) -> Path:
    if len(what) != 1 or not what[0]:
        raise UsageError(f"feedback {action} takes one FILE")
    return Path(what[0]).expanduser().absolute()


def _outcomes(count: int) -> str:
    return f"{count} outcome" if count == 1 else f"{count} outcomes"
