"""Takes the state of the embedded MLflow from a backup."""

from pathlib import Path

from ..base import options
from ..base.settings import Settings
from ..terminal.console import Console
from ..tracking import backup
from .backup import document, told


def run(console: Console, settings: Settings, *, file: str, replace: str | None = None) -> None:
    """Restore what `backup` has written; servers may go on.

    Args:
        console: Where it goes what there is now.
        settings: Where MLflow is to be.
        file: To read.
        replace: Whether it may take the place of a registry that is there.
    """
    may_replace = options.flag(replace, "--replace")
    file = options.given(file, "FILE") or ""
    path = Path(file).expanduser().absolute()
    with console.busy(f"Restoring {file} ..."):
        restored = backup.restore(settings, path, replace=may_replace)
    console.show(f"Restored into {settings.home}: {told(restored, settings)}.")
    if restored.promoted is not None:
        console.say("To serve it: housing-admin reload, or start a server")
    console.give({"home": str(settings.home), **document(restored)})
