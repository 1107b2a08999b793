"""One fitted pipeline in the form that each peer takes."""

from dataclasses import dataclass
from pathlib import Path

import joblib
import mlflow.sklearn
import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from bench import models


@dataclass(frozen=True, kw_only=True)
class Artefacts:
    """Where one model lies, for whom.

    Attributes:
        name: Model type.
        pipeline: As it was fitted.
        folder: Of all the files.
    """

    name: str
    pipeline: Pipeline
    folder: Path

    @property
    def bundle(self) -> Path:
        """For our server."""
        return self.folder / "bundle"

    @property
    def joblib(self) -> Path:
        """The whole pipeline, for scikit-learn."""
        return self.folder / "pipeline.joblib"

    @property
    def booster(self) -> Path:
        """The boosted trees alone, for MLServer's xgboost runtime."""
        return self.folder / "model.json"

    @property
    def mlflow(self) -> Path:
        """The whole pipeline as MLflow logs it."""
        return self.folder / "mlflow"

    @property
    def triton(self) -> Path:
        """The graph and the scaler's numbers."""
        return self.folder / "triton"

    def scaled(self, row: NDArray[np.float64]) -> NDArray[np.float64]:
        """Returns a complete row as the trees see it."""
        scaled: NDArray[np.float64] = self.pipeline[-2].transform(row)
        return scaled


def make(name: str, folder: Path) -> Artefacts:
    """Trains a model with the shipped defaults and writes it in every form."""
    folder.mkdir()
    made = Artefacts(name=name, pipeline=models.make_bundle(name, folder / "bundle"), folder=folder)
    joblib.dump(made.pipeline, made.joblib)
    if name == "xgboost":
        made.pipeline[-1].save_model(made.booster)
    mlflow.sklearn.save_model(
        made.pipeline, str(made.mlflow), pip_requirements=[], serialization_format="cloudpickle"
    )
    made.triton.mkdir()
    (made.triton / f"{name}.onnx").write_bytes((made.bundle / "model.onnx").read_bytes())
    scaler = made.pipeline[-2]
    np.savez(made.triton / f"{name}.npz", mean=scaler.mean_, scale=scaler.scale_)
    return made
