"""Lists who promoted which version, when and why, and checks that nothing of it was changed."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ..base import options
from ..base.errors import RegistryError
from ..base.options import Text
from ..base.settings import Settings
from ..base.signing import trusted
from ..terminal.console import Console
from ..tracking import embedded_store
from .mlflow_session import open_records
from .models import minute, text

if TYPE_CHECKING:
    from ..tracking.audit.chain import Kept
    from ..tracking.audit.entry import Entry

_COLUMNS = ("entry", "when", "who", "action", "alias", "from", "to", "outcome", "reason")
_SPARE = ("outcome", "alias", "entry")


def run(console: Console, settings: Settings, *, verify: Text = None) -> None:
    """List the history, the newest entry first.

    Args:
        console: Where the list goes.
        settings: Where MLflow is.
        verify: Whether to check it, too.

    Raises:
        RegistryError: The check found something.
    """
    check, name = options.flag(verify, "--verify"), settings.location.model_name
    verifier = trusted(settings.public_key_file) if check else None
    found: list[Kept] = []
    wrong: list[str] = []
    if embedded_store.is_set_up(settings):
        with open_records(console, settings) as records:
            from ..tracking import statements
            from ..tracking.audit import chain, verification

            history = chain.read(records.model_tags(name))
            versions = records.versions(name) if check else []
        named = {alias: each.number for each in versions for alias in each.aliases}
        wrong = verification.problems(history, named) if check else []
        if verifier is not None:
            wrong += statements.problems(history, versions, settings.location, verifier)
        found = [each for each in reversed(history.kept) if each.entry]
    entries = [each.entry for each in found if each.entry]
    if not entries:
        console.show(f"{name} has no history yet; each promotion adds to it")
    else:
        console.table(_COLUMNS, [_cells(each) for each in entries], title=name, spare=_SPARE)
    document: dict[str, Any] = {"name": name, "entries": [_document(each) for each in found]}
    if check:
        document |= {"whole": not wrong, "problems": wrong}
    _conclude(console, wrong, len(entries) if check else 0)
    console.give(document)
    if wrong:
        raise RegistryError(f"the history of {name} does not hold: {len(wrong)} found; see above")


def _conclude(console: Console, wrong: Sequence[str], checked: int) -> None:
    for line in wrong:
        console.show(f"problem: {line}")
    if checked and not wrong:
        entries = "1 entry" if checked == 1 else f"{checked} entries"
        console.show(f"The history holds: {entries}, and each alias names what its last one says.")


def _cells(entry: "Entry") -> tuple[str, ...]:
    return (
        str(entry.sequence),
        minute(entry.moment),
        entry.who,
        entry.action,
        entry.alias,
        text(entry.from_version) or "-",
        str(entry.to_version),
        entry.outcome,
        entry.reason or "-",
    )


def _document(kept: "Kept") -> dict[str, Any]:
    assert kept.entry is not None  # noqa: S101 (others are left out)
    entry = kept.entry
    versions = {
        "from_version": text(entry.from_version), "to_version": text(entry.to_version)
    }  # fmt: skip
    return asdict(entry) | versions | {"at": entry.moment, "digest": kept.digest}
