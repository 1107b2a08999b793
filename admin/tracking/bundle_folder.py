"""Fetches the bundle of a registered version, or of a logged model."""

from pathlib import Path

import mlflow.artifacts

from housing_grpc.registry.location import BUNDLE_FOLDER, RegistryLocation

from .mlflow_client import Client


def download(client: Client, location: RegistryLocation, number: int, folder: Path) -> Path:
    """Return the bundle of a version, which is not checked.

    Args:
        client: MLflow.
        location: Names the registered model.
        number: Of the version.
        folder: To fetch it to.
    """
    return _download(client, f"{location.model_name}/{number}", folder)


def download_model(client: Client, model_id: str, folder: Path) -> Path:
    """Return the bundle of a logged model, which is not checked.

    Args:
        client: MLflow.
        model_id: Of the logged model.
        folder: To fetch it to.
    """
    return _download(client, model_id, folder)


def _download(client: Client, model: str, folder: Path) -> Path:
    source = mlflow.artifacts.download_artifacts(
        f"models:/{model}", dst_path=str(folder), tracking_uri=client.tracking_uri
    )
    return Path(source) / BUNDLE_FOLDER
