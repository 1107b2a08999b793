"""What tests of all parts share: trained bundles, and tools that may be missing."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from admin.data.dataset import Dataset
from tests.support import examples, homes
from tests.support.examples import Example
from tests.support.homes import Trained

# Its fixtures are those of servers in this process.
pytest_plugins = ["tests.support.serving"]

ROOT = Path(__file__).parents[1]

# Where a tool comes from; the others are installed with the development tools.
_SOURCES = {"grpcurl": "make tools", "grpc-health-probe": "make tools"}


# Servers that tests start as processes would all want the same port for their metrics.
os.environ.setdefault("METRICS_PORT", "0")

# What is ignored here stays ignored in every process that a test starts, while a handler is not
# inherited. A script's `make test &` ignores SIGINT, nohup SIGHUP: the tests go on ignoring them.
for _number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, lambda *_: None)


@pytest.fixture(scope="session")
def houses() -> Dataset:
    return examples.load_houses()


@pytest.fixture(scope="session")
def linear(tmp_path_factory: pytest.TempPathFactory, houses: Dataset) -> Example:
    folder = tmp_path_factory.mktemp("linear") / "bundle"
    return examples.make(folder, houses, "linear", "v1_median")


@pytest.fixture(scope="session")
def forest(tmp_path_factory: pytest.TempPathFactory, houses: Dataset) -> Example:
    folder = tmp_path_factory.mktemp("forest") / "bundle"
    return examples.make(folder, houses, "random_forest", "v2_knn", n_estimators=10, max_depth=6)


@pytest.fixture(scope="session")
def honest(tmp_path_factory: pytest.TempPathFactory, houses: Dataset) -> Example:
    """A bundle with all that there is to tell beside prices."""
    folder = tmp_path_factory.mktemp("honest") / "bundle"
    return examples.make(folder, houses, "linear", "v1_median", honest=True)


@pytest.fixture(scope="session")
def bare_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home whose MLflow is set up and holds nothing, for tests to copy."""
    home = tmp_path_factory.mktemp("bare")
    with homes.embedded():
        homes.set_up(home)
    with homes.unchanged(home):
        yield home


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, bare_home: Path) -> Iterator[Trained]:
    """A home with one finished run, for tests to copy."""
    home = tmp_path_factory.mktemp("trained") / "home"
    homes.copy(bare_home, home)
    with homes.embedded():
        run_id = homes.train(home)
    with homes.unchanged(home):
        yield Trained(home=home, run_id=run_id)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Ends with the test what is put on it."""
    with ExitStack() as found:
        yield found


@pytest.fixture
def tool() -> Callable[[str], str]:
    """Gives the path of a command-line tool; skips the test without it, but fails it in CI."""

    def find(name: str) -> str:
        places = (os.environ.get("PATH", ""), ROOT / ".tools/bin", ROOT / ".venv/bin")
        found = shutil.which(name, path=os.pathsep.join(map(str, places)))
        if found is None:
            message = f"{name} is not installed; `{_SOURCES.get(name, 'make check')}` installs it"
            if os.environ.get("CI"):
                pytest.fail(message)
            pytest.skip(message)
        return found

    return find
