"""Logs a bundle as an MLflow model that any MLflow client can load, without a pickle."""

import tempfile
from collections.abc import Mapping
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import mlflow.pyfunc
import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import LoggedModelOutput
from mlflow.models import Model, ModelSignature
from mlflow.types import ColSpec, DataType, Schema

from housing_grpc.bundle.schema import FEATURE_NAMES
from housing_grpc.registry.location import BUNDLE_FOLDER

from . import origin

# Under a name of its own: it must not be taken for the installed package, nor that for it.
_CODE_PACKAGE = "housing_bundle"
_REQUIREMENTS = ("msgspec", "numpy", "pandas")
_EXAMPLE_ROWS = 2


def log_model(
    client: MlflowClient,
    *,
    experiment: str,
    run_id: str,
    bundle: Path,
    houses: pd.DataFrame,
    tags: Mapping[str, str],
    params: Mapping[str, Any],
) -> str:
    """Log a bundle as the model of a run; it is READY only once every file is there.

    Args:
        client: MLflow.
        experiment: Id of the run's experiment.
        run_id: Of the run.
        bundle: The bundle's folder.
        houses: Some rows, of which the first are the model's example.
        tags: Of the model, besides those that say where it is from.
        params: That the model was trained with.

    Returns:
        The id of the logged model.
    """
    model = client.create_logged_model(
        experiment,
        name="model",
        source_run_id=run_id,
        tags={**origin.of_run(client.get_run(run_id)), **tags},
        params={name: str(value) for name, value in params.items()},
        model_type="regressor",
    )
    model_id = str(model.model_id)
    with tempfile.TemporaryDirectory(prefix="housing-model-") as scratch:
        folder = Path(scratch) / "model"
        document = Model(artifact_path=model.artifact_location, run_id=run_id, model_id=model_id)
        save_model(folder, bundle=bundle, houses=houses, document=document)
        client.log_model_artifacts(model_id, str(folder))
    client.finalize_logged_model(model_id, "READY")
    client.log_outputs(run_id, [LoggedModelOutput(model_id, step=0)])
    return model_id


def save_model(
    folder: Path, *, bundle: Path, houses: pd.DataFrame, document: Model | None = None
) -> None:
    """Write a bundle as an MLflow model folder.

    Args:
        folder: To write; must not exist yet.
        bundle: The bundle's folder, which is copied to `BUNDLE_FOLDER` in it.
        houses: Some rows, of which the first are the example.
        document: What the model's MLmodel file says besides.
    """
    with tempfile.TemporaryDirectory(prefix="housing-code-") as scratch:
        code = Path(scratch) / _CODE_PACKAGE
        data = Path(scratch) / Path(BUNDLE_FOLDER).name
        _copy_code(code)
        _copy_files(bundle, data)
        mlflow.pyfunc.save_model(
            str(folder),
            loader_module=f"{_CODE_PACKAGE}.pyfunc",
            data_path=str(data),
            code_paths=[str(code)],
            mlflow_model=document,
            signature=signature(),
            input_example=houses.head(_EXAMPLE_ROWS).reset_index(drop=True),
            pip_requirements=[f"{name}=={metadata.version(name)}" for name in _REQUIREMENTS],
        )


def signature() -> ModelSignature:
    """Return the model's signature: 13 numbers, any of which may be missing, to a price.

    MLflow refuses a column of 64-bit whole numbers where it expects doubles, as pandas reads RAD
    and TAX from a file: callers in Python turn houses into floats. Its scoring server does so
    itself, as the types are known.
    """
    return ModelSignature(
        inputs=Schema([ColSpec(DataType.double, name, required=False) for name in FEATURE_NAMES]),
        outputs=Schema([ColSpec(DataType.double)]),
    )


def _copy_code(folder: Path) -> None:
    package = resources.files("housing_grpc") / "bundle"
    for part in ("", "onnx", "parts"):
        source, target = package / part, folder / part
        target.mkdir()
        for file in source.iterdir():
            if file.name.endswith(".py"):
                (target / file.name).write_bytes(file.read_bytes())


def _copy_files(source: Path, folder: Path) -> None:
    folder.mkdir()
    for file in source.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
