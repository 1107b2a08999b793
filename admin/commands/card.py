"""Shows the card of a version."""

import tempfile
from pathlib import Path

from ..base import options
from ..base.errors import RegistryError, UsageError
from ..base.settings import Settings
from ..terminal.console import Console
from .mlflow_session import open_records


def run(console: Console, settings: Settings, *, version: str) -> None:
    """Show what a model is for, how it was made and how good it is.

    Args:
        console: Where the card goes.
        settings: Where MLflow is.
        version: Number of the version.

    Raises:
        RegistryError: There is no such version, or it has no card.
        ExportError: Its bundle is damaged.
    """
    number = options.whole(options.given(version, "VERSION"), "VERSION", low=1)
    if number is None:
        raise UsageError("say which version: housing-admin card 2; see: housing-admin models")
    location = settings.location
    nothing = f"{location.model_name} has no version yet; make one with: housing-admin seed"
    with open_records(console, settings, needed=nothing) as records:
        from ..tracking.records import find_version

        find_version(records.versions(location.model_name), location, number)
    with tempfile.TemporaryDirectory(prefix="housing-card-") as scratch:
        from .. import card
        from ..tracking.bundle_folder import download

        found = card.read(download(settings, number, Path(scratch)))
    if found is None:
        raise RegistryError(
            f"version {number} has no card, as its bundle is of an earlier release; to make one"
            f" that has: housing-admin upgrade {number}"
        )
    for line in card.whole(found).splitlines():
        console.show(line)
    console.give(card.document(found))
