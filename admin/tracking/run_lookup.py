"""Finds a run by its id, or by as much of the id as no other run shares."""

import re

from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.exceptions import MlflowException

from ..base.errors import RegistryError
from ..base.settings import Settings
from .client import experiment_id

_BEGINNING = re.compile(r"[0-9a-f]{4,31}")
# So many of the runs that share a beginning are named.
_NAMED = 5


def find(client: MlflowClient, settings: Settings, text: str) -> str:
    """Return the id of the run that a text means.

    Args:
        client: MLflow.
        settings: Where MLflow is.
        text: The id, or its first 4 characters or more.

    Raises:
        RegistryError: There is no such run, or more than one.
    """
    if _BEGINNING.fullmatch(text) is None:
        return _whole(client, text)
    runs = client.search_runs(
        [experiment_id(client, settings)],
        filter_string=f"attributes.run_id LIKE '{text}%'",
        max_results=_NAMED + 1,
    )
    if not runs:
        raise _missing(text)
    if len(runs) > 1:
        found = ", ".join(_described(run) for run in runs[:_NAMED])
        more = " and others" if len(runs) > _NAMED else ""
        raise RegistryError(f"more than one run begins with {text}: {found}{more}; give more of it")
    return str(runs[0].info.run_id)


def _whole(client: MlflowClient, text: str) -> str:
    try:
        return str(client.get_run(text).info.run_id)
    except MlflowException as error:
        if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            raise
        raise _missing(text) from error


def _missing(text: str) -> RegistryError:
    return RegistryError(f"there is no run {text}; see: housing-admin runs")


def _described(run: Run) -> str:
    kind = f" ({run.data.params['model']})" if "model" in run.data.params else ""
    return f"{run.info.run_id}{kind}"
