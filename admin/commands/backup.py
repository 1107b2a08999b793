"""Writes the embedded MLflow to one file."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..base import options
from ..base.settings import Settings
from ..terminal.console import Console
from ..tracking import backup
from .models import text


def run(console: Console, settings: Settings, *, file: str) -> None:
    """Back up the embedded MLflow, which may be in use.

    Args:
        console: Where it goes what the file holds.
        settings: Where MLflow is.
        file: To write.
    """
    file = options.given(file, "FILE") or ""
    path = Path(file).expanduser().absolute()
    with console.busy(f"Writing {file} ..."):
        written = backup.write(settings, path)
    size = path.stat().st_size
    console.show(f"Wrote {file} ({size / 1e6:.1f} MB): {told(written, settings)}.")
    console.give({"file": str(path), "bytes": size, **document(written)})


def document(held: backup.Summary) -> dict[str, Any]:
    """Return the same for JSON."""
    return {**asdict(held), "promoted": text(held.promoted)}


def told(held: backup.Summary, settings: Settings) -> str:
    """Return what a backup holds, for people."""
    location = settings.location
    promoted = "none" if held.promoted is None else f"version {held.promoted}"
    return (
        f"{held.runs} runs, {held.versions} versions of {location.model_name};"
        f" {location.alias} is {promoted}"
    )
