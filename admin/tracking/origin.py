"""What MLflow's pages show beside numbers: who made something, with which command and code."""

from collections.abc import Mapping

from mlflow.entities import Run, SourceType
from mlflow.utils.mlflow_tags import (
    MLFLOW_EXPERIMENT_PRIMARY_METRIC_GREATER_IS_BETTER,
    MLFLOW_EXPERIMENT_PRIMARY_METRIC_NAME,
    MLFLOW_GIT_COMMIT,
    MLFLOW_RUN_NOTE,
    MLFLOW_SOURCE_NAME,
    MLFLOW_SOURCE_TYPE,
    MLFLOW_USER,
)

from ..base.code_version import code_version
from ..base.person import user

NOTE_TAG = MLFLOW_RUN_NOTE
"""Tag of a run or an experiment: its description."""

EXPERIMENT_TAGS: Mapping[str, str] = {
    # Without a kind, MLflow guesses, and shows pages for language models.
    "mlflow.experimentKind": "custom_model_development",
    MLFLOW_EXPERIMENT_PRIMARY_METRIC_NAME: "cv_rmse",
    MLFLOW_EXPERIMENT_PRIMARY_METRIC_GREATER_IS_BETTER: "False",
    NOTE_TAG: "Models that predict house prices, trained by `housing-admin`: a run for each "
    "training, and for each `experiment` one that holds those of its combinations. "
    "`cv_rmse` is the error over all folds, `rmse` that of the rows held out, both in the unit "
    "of the prices.",
}
"""What is known of the experiment that all runs belong to."""


def run_tags(command: str, note: str) -> dict[str, str]:
    """Return the tags that say who makes a run, how, of which code, and what it is.

    Args:
        command: Of housing-admin, such as "train".
        note: The run's description, in Markdown.
    """
    version = code_version()
    commit = version.partition("+g")[2].removesuffix("-dirty")
    return {
        "code_version": version,
        **({MLFLOW_GIT_COMMIT: commit} if commit else {}),
        MLFLOW_USER: user(),
        MLFLOW_SOURCE_NAME: f"housing-admin {command}",
        MLFLOW_SOURCE_TYPE: SourceType.to_string(SourceType.LOCAL),
        NOTE_TAG: note,
    }


def of_run(run: Run) -> dict[str, str]:
    """Return those tags of a run that hold for what it made, too."""
    names = (MLFLOW_GIT_COMMIT, MLFLOW_USER, MLFLOW_SOURCE_NAME, MLFLOW_SOURCE_TYPE, NOTE_TAG)
    return {name: run.data.tags[name] for name in names if name in run.data.tags}
