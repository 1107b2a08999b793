"""Homes of the admin CLI and of servers, each with a real MLflow on SQLite."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from admin.base import mlflow_environment
from admin.base.settings import Settings
from housing_grpc.registry import location
from housing_grpc.registry.location import RegistryLocation
from tests.support.examples import DATA


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A home folder that holds one finished run of a linear model."""

    home: Path
    run_id: str


def settings_of(home: Path, *, uri: str = "") -> Settings:
    """Returns the settings of a home folder."""
    where = RegistryLocation(
        tracking_uri=uri or location.default_tracking_uri(home),
        model_name=location.DEFAULT_MODEL_NAME,
        alias=location.DEFAULT_ALIAS,
    )
    return Settings(location=where, home=home)


def copy(source: Path, home: Path) -> Settings:
    """Gives a new home the registry of another; artifacts stay where they are."""
    from admin.tracking import embedded_store

    home.mkdir()
    shutil.copyfile(source / "mlflow.db", home / "mlflow.db")
    settings = settings_of(home)
    embedded_store.prepare(settings, lambda _: None)
    return settings


@contextmanager
def unchanged(home: Path) -> Iterator[None]:
    """Fails where a test has written to a home that others copy."""
    before = (home / "mlflow.db").read_bytes()
    yield
    assert (home / "mlflow.db").read_bytes() == before, f"a test has changed {home}"


@contextmanager
def embedded() -> Iterator[None]:
    """Lets MLflow be used in this process, whatever its variables say."""
    with pytest.MonkeyPatch.context() as patch:
        # Set first, so that what MLflow sets on the way is taken back, too.
        patch.setenv("MLFLOW_TRACKING_URI", "")
        mlflow_environment.configure()
        yield


def set_up(home: Path) -> None:
    """Sets up an MLflow that holds nothing."""
    from admin.tracking.connection import connect

    with connect(settings_of(home)):
        pass


def train(home: Path) -> str:
    """Trains a linear model; returns the id of the run."""
    from admin.jobs.train import train as train_one
    from admin.tracking.connection import connect
    from admin.training.spec import TrainingSpec

    settings = settings_of(home)
    with connect(settings) as client:
        done = train_one(client, settings, TrainingSpec(model="linear", data=DATA, cv=3))
    return done.bundle.run_id
