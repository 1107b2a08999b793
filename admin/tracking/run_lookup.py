"""Finds a run by its id, or by as much of the id as no other run shares."""

import re

from ..base.errors import RegistryError
from ..base.settings import Settings
from . import experiment
from .records import Records, Run

_BEGINNING = re.compile(r"[0-9a-f]{4,31}")
# So many of the runs that share a beginning are named.
_NAMED = 5


def find(records: Records, settings: Settings, text: str) -> Run:
    """Return the run that a text means.

    Args:
        records: Of the runs.
        settings: Where MLflow is.
        text: The id, or its first 4 characters or more.

    Raises:
        RegistryError: There is no such run, or more than one.
    """
    if _BEGINNING.fullmatch(text) is None:
        return whole(records, text)
    number = experiment.find(records, settings)
    runs = [] if number is None else records.runs_beginning(number, text, _NAMED + 1)
    if not runs:
        raise _missing(text)
    if len(runs) > 1:
        found = ", ".join(_described(run) for run in runs[:_NAMED])
        more = " and others" if len(runs) > _NAMED else ""
        raise RegistryError(f"more than one run begins with {text}: {found}{more}; give more of it")
    return runs[0]


def whole(records: Records, run_id: str) -> Run:
    """Return the run of an id.

    Raises:
        RegistryError: There is none.
    """
    found = records.run(run_id)
    if found is None:
        raise _missing(run_id)
    return found


def _missing(text: str) -> RegistryError:
    return RegistryError(f"there is no run {text}; see: housing-admin runs")


def _described(run: Run) -> str:
    kind = f" ({run.params['model']})" if "model" in run.params else ""
    return f"{run.run_id}{kind}"
