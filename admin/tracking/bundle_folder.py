"""Fetches the bundle of a registered version."""

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
    source = mlflow.artifacts.download_artifacts(
        f"models:/{location.model_name}/{number}",
        dst_path=str(folder),
        tracking_uri=client.tracking_uri,
    )
    return Path(source) / BUNDLE_FOLDER
