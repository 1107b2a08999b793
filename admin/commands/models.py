"""Lists the versions of the registered model."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ..base.settings import Settings
from ..terminal.console import Console
from .mlflow_session import open_mlflow

if TYPE_CHECKING:
    from ..tracking.versions import Version

_COLUMNS = ("version", "alias", "model", "preprocessing", "rmse", "cv_rmse", "created", "run")


def run(console: Console, settings: Settings) -> None:
    """List the versions, the newest first.

    Args:
        console: Where the list goes.
        settings: Where MLflow is.
    """
    with open_mlflow(console, settings) as client:
        from ..tracking.versions import versions

        found = versions(client, settings.location)
    name = settings.location.model_name
    if not found:
        console.show(f"{name} has no version yet; make one with: housing-admin seed")
    else:
        console.table(_COLUMNS, [_cells(version) for version in found], title=name)
    console.give({"model": name, "versions": [asdict(version) for version in found]})


def _cells(version: "Version") -> tuple[str, ...]:
    return (
        str(version.number),
        ", ".join(version.aliases) or "-",
        version.model or "-",
        version.preprocessing or "-",
        number(version.rmse),
        number(version.cv_rmse),
        minute(version.created),
        version.run_id or "-",
    )


def number(value: float | None) -> str:
    """Return a score for a table."""
    return "-" if value is None else f"{value:.4f}"


def minute(milliseconds: int | None) -> str:
    """Return a moment, in milliseconds since 1970, for a table, in UTC."""
    if milliseconds is None:
        return "-"
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d %H:%M")
