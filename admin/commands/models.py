"""Lists the versions of the registered model, and says which one a server has live."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..base.errors import AdminError
from ..base.settings import Settings
from ..terminal.console import Console
from ..tracking import embedded_store
from .mlflow_session import open_records

if TYPE_CHECKING:
    from ..tracking.records import Version

_COLUMNS = (
    "version", "alias", "model", "preprocessing", "rmse", "cv_rmse", "gate", "data", "MiB",
    "registered", "run",
)  # fmt: skip
_SPARE = ("run", "rmse", "preprocessing", "data", "registered", "MiB", "gate")
# A server that takes longer is not waited for: the list is what was asked for.
_LIVE_SECONDS = 1.0
_SHORT = 8
# Anybody may set tags, of any length.
_LONGEST = 30
_MEBIBYTE = 2**20


def run(console: Console, settings: Settings) -> None:
    """List the versions, the newest first.

    Args:
        console: Where the list goes.
        settings: Where MLflow is, and the server.
    """
    found: list[Version] = []
    said: str | None = None
    promotion: dict[str, Any] | None = None
    if embedded_store.is_set_up(settings):
        with open_records(console, settings) as records:
            found = records.versions(settings.location.model_name)
            said, promotion = _promotion(settings, found, records.model_tags)
    name = settings.location.model_name
    live = _live(settings)
    if not found:
        console.show(f"{name} has no version yet; make one with: housing-admin seed")
    else:
        rows = [_cells(version, found) for version in found]
        console.table(_COLUMNS, rows, title=name, spare=_SPARE)
    if said:
        console.show(said)
    _show_live(console, settings, found, live)
    versions = [_document(each) for each in found]
    console.give({"name": name, "versions": versions, "promotion": promotion, "live": live})


def _promotion(
    settings: Settings, found: "list[Version]", tags: Callable[[str], Mapping[str, str]]
) -> tuple[str | None, dict[str, Any] | None]:
    """Return what the history says of the version that the alias names, for people and for JSON."""
    from ..tracking.audit import chain, verification

    location = settings.location
    current = next((each.number for each in found if location.alias in each.aliases), None)
    history = chain.read(tags(location.model_name))
    last = history.last(location.alias)
    if last is None:
        return None, None
    by_hand = verification.moved_by_hand(history, location.alias, current)
    if by_hand:
        said = f"{by_hand}; see: housing-admin history --verify"
    else:
        why = f": {last.reason}" if last.reason else ""
        said = f"{location.alias} names {current} since {minute(last.moment)} by {last.who}{why}"
    document = {
        "version": text(last.to_version),
        "at": last.moment,
        "who": last.who,
        "reason": last.reason,
        "moved_by_hand": by_hand is not None,
    }
    return said, document


def _live(settings: Settings) -> dict[str, Any] | None:
    """Return what the usual server serves, or None if none says so at once."""
    from ..server.client import connect

    try:
        with connect(settings, settings.target) as server:
            answer = server.info(seconds=_LIVE_SECONDS)
    except AdminError:
        return None
    names = ("name", "version", "bundle_digest", "stale")
    return {"target": settings.target, **{name: getattr(answer, name) for name in names}}


def _show_live(
    console: Console, settings: Settings, found: "list[Version]", live: dict[str, Any] | None
) -> None:
    """Say what is live where it is not what is promoted."""
    location = settings.location
    promoted = next((str(each.number) for each in found if location.alias in each.aliases), None)
    if live is None or (live["name"], live["version"]) == (location.model_name, promoted):
        return
    console.show(
        f"The server at {live['target']} serves {live['name']} version {live['version']};"
        f" {location.alias} is {promoted or 'no version'}."
    )
    if promoted:
        console.show("To make the server take it: housing-admin reload")


def _cells(version: "Version", found: "list[Version]") -> tuple[str, ...]:
    return (
        str(version.number),
        ", ".join(version.aliases) or "-",
        cut(version.model),
        cut(version.preprocessing),
        number(version.rmse),
        number(version.cv_rmse),
        cut(_judged(version, found)),
        cut(version.data),
        "-" if version.bytes is None else f"{version.bytes / _MEBIBYTE:.2f}",
        f"{minute(version.created)} {cut(version.registered_by, '')}".rstrip(),
        short(version.run_id),
    )


def _judged(version: "Version", found: "list[Version]") -> str:
    """Return what the last gate said, and against which version."""
    from ..gate import kept

    evidence = kept.read(version)
    if evidence is None:
        return version.gate
    champion = evidence.inputs.champion
    against = [str(each.number) for each in found if each.digest == champion]
    named = f"against {against[0] if against else 'one that is gone'}" if champion else "alone"
    return f"{evidence.verdict} {named}"


def _document(version: "Version") -> dict[str, Any]:
    return {
        "version": text(version.number),
        "aliases": version.aliases,
        "model_type": version.model,
        "preprocessing": version.preprocessing,
        "metrics": {"rmse": version.rmse, "cv_rmse": version.cv_rmse},
        "created": version.created,
        "registered_by": version.registered_by or None,
        "run_id": version.run_id,
        "gate": version.gate or None,
        "data_file": version.data or None,
        "bundle_digest": version.digest,
        "bundle_bytes": version.bytes,
    }


def text(version: int | None) -> str | None:
    """Return the number of a version as the contract's JSON has it, or None if there is none."""
    return None if version is None else str(version)


def cut(text: str, none: str = "-") -> str:
    """Return a text of the registry for a table, or what stands there if there is none."""
    return f"{text[:_LONGEST]}..." if len(text) > _LONGEST else text or none


def number(value: float | None) -> str:
    """Return a score for a table."""
    return "-" if value is None else f"{value:.3f}"


def minute(moment: datetime) -> str:
    """Return a moment for a table."""
    return f"{moment:%Y-%m-%d %H:%M}Z"


def short(run_id: str) -> str:
    """Return as much of a run's id as tells it from others, which every command takes."""
    return run_id[:_SHORT] or "-"
