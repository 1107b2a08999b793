"""Reads the latest training runs."""

from ..base.settings import Settings
from . import experiment
from .records import Records, Run

Line = tuple[Run, int | None]
"""A run, and the version that it was registered as, or None."""


def latest(records: Records, settings: Settings, limit: int) -> list[Line]:
    """Return the latest runs, the newest first, without the brackets around experiments."""
    number = experiment.find(records, settings)
    found = [] if number is None else records.latest_runs(number, limit)
    versions = records.versions(settings.location.model_name) if found else []
    # Of a run that became several, the first.
    numbers = {version.run_id: version.number for version in versions}
    return [(run, numbers.get(run.run_id)) for run in found]
