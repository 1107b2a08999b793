"""Variables that are meant for other programs."""

import json
from contextlib import ExitStack
from pathlib import Path

import pytest

from admin.base.settings import Settings
from housing_grpc.bundle.files import MAX_BYTES
from housing_grpc.model.child_processes import Children
from housing_grpc.model.source import Target
from housing_grpc.model.trial import Trial
from housing_grpc.registry.registry_source import RegistrySource
from housing_grpc.server import HousingServer
from housing_grpc.settings import Settings as ServerSettings
from tests.admin.terminal.fake_terminal import admin
from tests.support.examples import Example
from tests.support.homes import settings_of
from tests.support.ports import free_port

# As Jupyter, Colab, a company's network, or a hook of Git set them; nothing is there.
OTHERS = {
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "http_proxy": "http://127.0.0.1:9",
    "https_proxy": "http://127.0.0.1:9",
    "all_proxy": "socks5://127.0.0.1:9",
    "OMP_NUM_THREADS": "many",
    "GIT_DIR": "/nowhere",
    "GIT_INDEX_FILE": "/nowhere",
    "AWS_PROFILE": "nobody",
    "PYTHONOPTIMIZE": "1",
    "PYTHONUTF8": "0",
    "PYTHONWARNINGS": "error",
    "PYTHONIOENCODING": "ascii:strict",
    "MLFLOW_RUN_ID": "nonsense",
    "MLFLOW_EXPERIMENT_ID": "99",
    "MLFLOW_EXPERIMENT_NAME": "another",
    "MLFLOW_REGISTRY_URI": "http://127.0.0.1:9",
    "MLFLOW_ENABLE_ASYNC_LOGGING": "true",
    "MLFLOW_ALLOW_FILE_URI_AS_MODEL_VERSION_SOURCE": "false",
    "OPENBLAS_NUM_THREADS": "many",
    "OMP_PROC_BIND": "many",
    "LOKY_MAX_CPU_COUNT": "many",
    "JOBLIB_TEMP_FOLDER": "/nowhere",
    "SSL_CERT_FILE": "/nowhere",
    "SSL_CERT_DIR": "/nowhere",
    "REQUESTS_CA_BUNDLE": "/nowhere",
    "CURL_CA_BUNDLE": "/nowhere",
    "AWS_CA_BUNDLE": "/nowhere",
    "AWS_CONFIG_FILE": "/nowhere",
    "TMPDIR": "/nowhere",
    "HOME": "/nowhere",
    "XDG_CACHE_HOME": "/nowhere",
    "MPLCONFIGDIR": "/nowhere",
    "DASK_CONFIG": "/nowhere",
    "TZ": "Nowhere/Nothing",
    "NO_COLOR": "1",
    "FORCE_COLOR": "yes",
    "LC_ALL": "C",
    "COLUMNS": "many",
    "TERM": "unheard-of",
    "OTEL_PROPAGATORS": "tracecontext,b3,xray",
    "OTEL_PYTHON_CONTEXT": "another",
}


def test_variables_of_other_programs_end_no_training(tmp_path: Path) -> None:
    done = admin(tmp_path, "train", "--model", "linear", "--register", "--json", **OTHERS)
    assert (done.returncode, done.stderr.count("unexpected")) == (0, 0), done.stderr
    assert json.loads(done.stdout)["version"] == "1"


def test_a_variable_that_mlflow_cannot_read_is_named(bare: Settings) -> None:
    variables = {"MLFLOW_SQLALCHEMYSTORE_POOL_SIZE": "many"}
    done = admin(bare.home, "train", "--model", "linear", **variables)
    assert done.returncode == 4
    assert done.stderr.startswith("error: MLflow cannot be opened: ")
    assert "MLFLOW_SQLALCHEMYSTORE_POOL_SIZE" in done.stderr


def test_a_variable_that_mlflow_cannot_read_when_it_is_imported_is_named(bare: Settings) -> None:
    done = admin(bare.home, "train", "--model", "linear", MLFLOW_CONFIGURE_LOGGING="perhaps")
    assert done.returncode == 4
    assert done.stderr.startswith("error: MLflow cannot be loaded: MLFLOW_CONFIGURE_LOGGING")


@pytest.mark.integration
def test_a_training_without_docstrings_says_what_takes_them_away(bare: Settings) -> None:
    done = admin(bare.home, "train", "--model", "linear", PYTHONOPTIMIZE="2")
    assert done.returncode == 2
    assert "error: PYTHONOPTIMIZE in the environment is of no use" in done.stderr


def test_they_keep_no_server_from_its_registry(
    promoted_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**OTHERS, "PYTHONINSPECT": "1"}.items():
        monkeypatch.setenv(name, value)
    location = settings_of(promoted_home).location
    source = RegistrySource(location, tmp_path / "bundles", 60, children=Children())
    fetched = source.fetch(Target())
    assert fetched.version == "1"
    Trial(Children(), None, max_bytes=MAX_BYTES)(fetched.folder)


def test_a_proxy_is_not_for_this_machine(linear: Example, tmp_path: Path) -> None:
    with ExitStack() as stack:
        server = HousingServer(ServerSettings(grpc_port=0, bundle_dir=str(linear.folder)))
        stack.callback(server.close, grace_seconds=0)
        server.start()
        proxies = {name: OTHERS[name] for name in ("http_proxy", "https_proxy")}
        target = f"localhost:{server.port}"
        done = admin(tmp_path, "predict", "--target", target, **proxies)
    assert done.returncode == 0, done.stderr


def test_a_proxy_in_the_way_is_named(tmp_path: Path) -> None:
    port = free_port()
    target = f"housing.invalid:{port}"
    done = admin(tmp_path, "predict", "--target", target, http_proxy=f"http://127.0.0.1:{port}")
    assert "by way of http_proxy (no_proxy=housing.invalid goes without)" in done.stderr
