"""A real MLflow on SQLite for each test, copied from one that is set up only once."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from admin import cli
from admin.base.settings import Settings
from tests.support.commands import Say, saying
from tests.support.dask import dask, distributed
from tests.support.examples import MODEL_NAME
from tests.support.homes import Trained, copy, embedded, settings_of, unchanged

if TYPE_CHECKING:
    from admin.tracking.mlflow_client import Client

__all__ = ["dask", "distributed"]

_VARIABLES = (
    "FEEDBACK_DAYS",
    "FEEDBACK_KEEP_FEATURES",
    "FEEDBACK_URL",
    "API_KEY",
    "BUNDLE_PUBLIC_KEY_FILE",
    "BUNDLE_SIGNING_KEY_FILE",
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
    "RECEIPT_KEYS_FILE",
)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    # Set first, so that what MLflow sets on the way is taken back, too.
    for name in _VARIABLES:
        monkeypatch.setenv(name, "")


@pytest.fixture
def bare(bare_home: Path, tmp_path: Path) -> Settings:
    """An MLflow of the test's own that holds nothing."""
    return copy(bare_home, tmp_path / "home")


@pytest.fixture
def ready(trained: Trained, tmp_path: Path) -> Settings:
    """An MLflow of the test's own that holds the run of `trained`."""
    return copy(trained.home, tmp_path / "home")


@pytest.fixture
def bare_client(bare: Settings, stack: ExitStack) -> "Client":
    from admin.tracking.connection import connect

    return stack.enter_context(connect(bare))


@pytest.fixture
def client(ready: Settings, stack: ExitStack) -> "Client":
    from admin.tracking.connection import connect

    return stack.enter_context(connect(ready))


@pytest.fixture
def here(ready: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The test's own MLflow, as the environment names it to the command line."""
    monkeypatch.setenv("HOUSING_HOME", str(ready.home))
    return ready


@pytest.fixture(scope="session")
def promoted_home(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home, files and all, whose run is promoted as version 1, for tests to copy."""
    from admin.tracking.connection import connect
    from admin.tracking.promotion import promote
    from admin.tracking.registry import register

    home = tmp_path_factory.mktemp("promoted") / "home"
    shutil.copytree(trained.home, home)
    settings = settings_of(home)
    with embedded(), connect(settings) as client:
        register(client, settings.location, trained.run_id)
        promote(client, settings.location, 1)
    with unchanged(home):
        yield home


@pytest.fixture
def home(promoted_home: Path, tmp_path: Path) -> Path:
    """A home of the test's own that holds all of `promoted_home`."""
    from admin.tracking.embedded_store import prepare

    home = Path(shutil.copytree(promoted_home, tmp_path / "first"))
    prepare(settings_of(home), lambda _: None)
    return home


@pytest.fixture
def two(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with two versions that can be served, of which 1 is promoted."""
    from admin.tracking.connection import connect

    with connect(settings_of(home)) as client:
        first = client.versions(MODEL_NAME)[0]
        client.create_model_version(MODEL_NAME, first.source, first.run_id, dict(first.tags))
    monkeypatch.setenv("HOUSING_HOME", str(home))
    return home


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    """Runs a command, which has to end with a code: `say("info", code=5)` gives what it says."""
    return saying(cli.main, capsys)
