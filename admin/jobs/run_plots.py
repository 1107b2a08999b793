"""Draws what the page of a run shows."""

import tempfile
from pathlib import Path

import pandas as pd
from mlflow import MlflowClient

from housing_grpc.bundle.schema import FEATURE_NAMES

from ..export.contributions import mean_contributions
from ..training import intervals, plots
from ..training.evaluate import Evaluation
from ..training.plots import Numbers
from ..training.uncertainty import Uncertainty


def log_plots(client: MlflowClient, run_id: str, evaluation: Evaluation, shares: Numbers) -> None:
    """Log what is seen of the scores and of the fitted model.

    Args:
        client: MLflow.
        run_id: Of the run.
        evaluation: Its scores.
        shares: Each feature's share of the importance, shape (features,).
    """
    spec = evaluation.spec
    held = evaluation.cross_validation or evaluation.hold_out
    rows = (
        f"{spec.cv} folds" if evaluation.cross_validation else f"{len(held.actual)} rows held out"
    )
    title = f"{spec.title}, {rows}"
    drawings: dict[str, plots.Comparison] = {
        "predicted_vs_actual.png": plots.predicted_vs_actual,
        "residuals.png": plots.residuals,
    }
    with tempfile.TemporaryDirectory(prefix="housing-plots-") as scratch:
        for name, draw in drawings.items():
            draw(
                Path(scratch) / name,
                actual=held.actual,
                predicted=held.predicted,
                unit=evaluation.target_unit,
                title=title,
            )
        plots.feature_importance(
            Path(scratch) / "feature_importance.png",
            names=FEATURE_NAMES,
            shares=shares,
            title=spec.title,
        )
        client.log_artifacts(run_id, scratch, "plots")


def log_honest_plots(
    client: MlflowClient,
    run_id: str,
    learned: Uncertainty,
    bundle: Path,
    houses: pd.DataFrame,
    *,
    title: str,
    unit: str,
    max_bytes: int,
) -> None:
    """Log how far bounds hold, and what moves the prices of a bundle.

    Args:
        client: MLflow.
        run_id: Of the run.
        learned: What the training has learned besides the model.
        bundle: Its bundle.
        houses: The rows that it was fitted to.
        title: Which model.
        unit: Of the prices.
        max_bytes: Most bytes of a bundle that servers take.

    Raises:
        ExportError: The bundle cannot be read.
    """
    found = learned.intervals
    with tempfile.TemporaryDirectory(prefix="housing-plots-") as scratch:
        plots.calibration(
            Path(scratch) / "calibration.png",
            actual=found.held.actual,
            predicted=found.held.predicted,
            levels=intervals.LEVELS,
            coverage=found.calibration,
            unit=unit,
            title=f"{title}, {found.folds} folds",
        )
        moved = mean_contributions(bundle, houses, max_bytes)
        if moved is not None:
            plots.contributions(
                Path(scratch) / "contributions.png",
                names=FEATURE_NAMES,
                amounts=moved.amounts,
                unit=unit,
                title=f"{title}, {moved.rows} houses",
            )
        client.log_artifacts(run_id, scratch, "plots")
