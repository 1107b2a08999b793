"""A registered model whose versions are bundles, in a real MLflow: a file, or a server."""

from pathlib import Path
from typing import Any

from housing_grpc.registry.location import (
    BUNDLE_FOLDER,
    CHALLENGER_ALIAS,
    DEFAULT_ALIAS,
    DIGEST_TAG,
    SHADOW_TAG,
    SHARE_TAG,
)
from tests.support import homes
from tests.support.examples import MODEL_NAME, Example


class Registered:
    """The registered model.

    Args:
        uri: Of MLflow.

    Attributes:
        client: MLflow's own.
    """

    def __init__(self, uri: str) -> None:
        with homes.embedded():
            from mlflow import MlflowClient

            self.uri = uri
            self.client: Any = MlflowClient(uri, uri)
            self.client.create_registered_model(MODEL_NAME)

    def add(self, example: Example) -> str:
        """Registers a bundle; returns the number of the version."""
        with homes.embedded():
            run = self.client.create_run("0").info
            self.client.log_artifacts(run.run_id, str(example.folder), BUNDLE_FOLDER)
            version = self.client.create_model_version(
                MODEL_NAME, run.artifact_uri, run.run_id, tags={DIGEST_TAG: example.digest}
            )
        return str(version.version)

    def promote(self, version: str) -> None:
        """Lets the alias of servers name a version."""
        self.client.set_registered_model_alias(MODEL_NAME, DEFAULT_ALIAS, version)

    def challenge(self, version: str, *, shadow: str = "1", share: str = "0") -> None:
        """Lets a version be compared with the one that is promoted."""
        self.client.set_registered_model_tag(MODEL_NAME, SHADOW_TAG, shadow)
        self.client.set_registered_model_tag(MODEL_NAME, SHARE_TAG, share)
        self.client.set_registered_model_alias(MODEL_NAME, CHALLENGER_ALIAS, version)

    def stop(self) -> None:
        """Lets no version be compared any more."""
        self.client.delete_registered_model_alias(MODEL_NAME, CHALLENGER_ALIAS)


def in_file(home: Path) -> Registered:
    """Returns the registered model of a new home, without versions."""
    homes.set_up(home)
    return Registered(f"sqlite:///{home / 'mlflow.db'}")
