"""A real MLflow on SQLite for each test, copied from one that is set up only once."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from admin import mlflow_environment
from admin.settings import Settings
from housing_grpc.registry import location
from housing_grpc.registry.location import RegistryLocation
from tests.examples import DATA

if TYPE_CHECKING:
    from mlflow import MlflowClient

_VARIABLES = (
    "API_KEY",
    "GRPC_HOST",
    "GRPC_PORT",
    "HOUSING_API_KEY",
    "HOUSING_CA_FILE",
    "HOUSING_CERT_FILE",
    "HOUSING_HOME",
    "HOUSING_KEY_FILE",
    "HOUSING_TARGET",
    "MLFLOW_MODEL_ALIAS",
    "MLFLOW_MODEL_NAME",
    "MLFLOW_TRACKING_URI",
)


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A home folder that holds one finished run of a linear model."""

    home: Path
    run_id: str


def settings_of(home: Path, *, uri: str = "") -> Settings:
    where = RegistryLocation(
        tracking_uri=uri or location.default_tracking_uri(home),
        model_name=location.DEFAULT_MODEL_NAME,
        alias=location.DEFAULT_ALIAS,
    )
    return Settings(location=where, home=home)


def copy(source: Path, home: Path) -> Settings:
    """Gives a new home the registry of another; artifacts stay where they are."""
    home.mkdir()
    shutil.copyfile(source / "mlflow.db", home / "mlflow.db")
    return settings_of(home)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    # Set first, so that what MLflow sets on the way is taken back, too.
    for name in _VARIABLES:
        monkeypatch.setenv(name, "")


@pytest.fixture(scope="session")
def bare_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home whose MLflow is set up and holds nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", "")
        mlflow_environment.configure()
        from admin.mlflow_client import connect

        home = tmp_path_factory.mktemp("bare")
        with connect(settings_of(home)):
            pass
        yield home


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, bare_home: Path) -> Iterator[Trained]:
    """A home with one finished run, which no test may change."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", "")
        from admin.mlflow_client import connect
        from admin.spec import TrainingSpec
        from admin.train import train

        home = tmp_path_factory.mktemp("trained") / "home"
        settings = copy(bare_home, home)
        spec = TrainingSpec(model="linear", data=DATA, cv=3)
        with connect(settings) as client:
            done = train(client, settings, spec)
        yield Trained(home=home, run_id=done.bundle.run_id)


@pytest.fixture
def bare(bare_home: Path, tmp_path: Path) -> Settings:
    """An MLflow of the test's own that holds nothing."""
    return copy(bare_home, tmp_path / "home")


@pytest.fixture
def ready(trained: Trained, tmp_path: Path) -> Settings:
    """An MLflow of the test's own that holds the run of `trained`."""
    return copy(trained.home, tmp_path / "home")


@pytest.fixture
def bare_client(bare: Settings) -> "Iterator[MlflowClient]":
    with ExitStack() as stack:
        from admin.mlflow_client import connect

        yield stack.enter_context(connect(bare))


@pytest.fixture
def client(ready: Settings) -> "Iterator[MlflowClient]":
    with ExitStack() as stack:
        from admin.mlflow_client import connect

        yield stack.enter_context(connect(ready))


@pytest.fixture
def here(ready: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The test's own MLflow, as the environment names it to the command line."""
    monkeypatch.setenv("HOUSING_HOME", str(ready.home))
    return ready
