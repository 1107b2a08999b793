"""The wheel: what it holds, and that it serves where nothing else is installed."""

import sys
import zipfile
from pathlib import Path

import grpc
import httpx
import numpy as np
import pytest
from housing.v1.prediction_pb2 import House, PredictRequest

from housing_grpc import __version__
from housing_grpc.bundle.schema import FEATURE_NAMES
from tests.project.installed import Environment, build, interpreter
from tests.support.client import client_of
from tests.support.examples import Example

pytestmark = pytest.mark.integration

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
IN_C = """
from importlib.util import find_spec
from housing_grpc.bundle import native_evaluator
print(native_evaluator.NATIVE is not None, find_spec("onnxruntime"))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def core(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment of what serves a folder, and no more."""
    environment = Environment(tmp_path_factory.mktemp("core") / "env", uv(), sys.executable)
    environment.install("core", wheel)
    return environment


def uv() -> str:
    return str(Path(sys.executable).with_name("uv"))


def asked(environment: Environment, folder: Path) -> float:
    """Serves a bundle, and gives the price of a house."""
    with environment.running("housing-server", BUNDLE_DIR=str(folder), GRPC_PORT="0") as server:
        target = f"127.0.0.1:{server.event('server.serving')['port']}"
        with grpc.insecure_channel(target) as channel:
            request = PredictRequest(house=House(rm=6.5, lstat=12))
            predictions = client_of(channel, target).predictions
            return predictions.Predict(request, timeout=30).prediction


def wanted(example: Example) -> float:
    row = np.full((1, len(FEATURE_NAMES)), np.nan)
    row[0, FEATURE_NAMES.index("RM")], row[0, FEATURE_NAMES.index("LSTAT")] = 6.5, 12
    return float(example.prices(row)[0])


def test_it_takes_no_name_that_others_use(wheel: Path) -> None:
    assert wheel.name.startswith(f"housing_grpc-{__version__}-cp311-abi3-")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0] for name in names} == {
        "housing", "housing_admin", "housing_grpc", "housing_table",
        f"housing_grpc-{__version__}.dist-info",
    }  # fmt: skip
    assert {
        "housing/openapi.json", "housing/v1/prediction_pb2.pyi", "housing_admin/gate/policy.yaml",
        "housing_admin/models/xgboost.py", "housing_admin/py.typed", "housing_grpc/py.typed",
        "housing_grpc/bundle/_native.abi3.so", "housing_grpc/rest/static/index.html",
    } <= set(names)  # fmt: skip
    assert not [name for name in names if name.endswith((".c", ".h"))]


def test_its_sources_are_packages_of_the_folders(wheel: Path) -> None:
    root = Path(__file__).parents[2]
    for folder, name in (("admin", "housing_admin"), ("housing_grpc", "housing_grpc")):
        here = {
            path.relative_to(root / folder).as_posix() for path in (root / folder).rglob("*.py")
        }
        names = zipfile.ZipFile(wheel).namelist()
        there = {each.removeprefix(f"{name}/") for each in names if each.startswith(f"{name}/")}
        assert here - there == set()


def test_the_core_serves_a_folder_with_the_evaluator_in_c(
    core: Environment, forest: Example
) -> None:
    assert core.run(["python", "-c", IN_C]).stdout == "True None\n"
    assert asked(core, forest.folder) == pytest.approx(wanted(forest), abs=1e-4)


@pytest.mark.parametrize("program", ["housing-admin", "housing-rest", "housing-server"])
def test_its_programs_tell_their_version(core: Environment, program: str) -> None:
    done = core.run([program, "--version"])
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{program} {__version__}\n", "")


@pytest.mark.parametrize(
    ("command", "variables", "text"),
    [
        (
            ["housing-server"],
            {},
            (
                "a server without BUNDLE_DIR needs mlflow, which is not installed: "
                "pip install 'housing-grpc[registry]'"
            ),
        ),
        (
            ["housing-server"],
            {"BUNDLE_DIR": "x", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"},
            (
                "OpenTelemetry's variables ask for traces, but what sends them is not installed: "
                "pip install 'housing-grpc[otel]', or set OTEL_SDK_DISABLED=true"
            ),
        ),
        (
            ["housing-rest"],
            {},
            (
                "the REST proxy needs starlette, which is not installed: "
                "pip install 'housing-grpc[rest]'"
            ),
        ),
        (
            ["python", "-m", "housing_grpc.up"],
            {},
            (
                "the REST proxy needs starlette, which is not installed: "
                "pip install 'housing-grpc[rest]'"
            ),
        ),
        (
            ["housing-admin", "seed"],
            {},
            "what the commands need is not installed: pip install 'housing-grpc[admin]'",
        ),
    ],
)
def test_an_extra_that_is_missing_is_named(
    core: Environment, command: list[str], variables: dict[str, str], text: str
) -> None:
    done = core.run(command, GRPC_PORT="50051", METRICS_ENABLED="false", **variables)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"error: {text}\n")


def test_without_c_it_serves_as_it_is(wheel: Path, linear: Example, tmp_path: Path) -> None:
    bare = Environment(tmp_path / "env", uv(), sys.executable)
    bare.install("core", wheel)
    (evaluator,) = bare.folder.rglob("_native.abi3.so")
    evaluator.unlink()
    assert asked(bare, linear.folder) == pytest.approx(wanted(linear), abs=1e-4)


@pytest.mark.parametrize("version", PYTHONS)
def test_a_supported_python_serves(
    wheel: Path, linear: Example, tmp_path: Path, version: str
) -> None:
    python = interpreter(version)
    if python is None:
        pytest.skip(f"there is no Python {version} here")
    served = Environment(tmp_path / "env", uv(), python)
    served.install("serve", wheel)
    assert asked(served, linear.folder) == pytest.approx(wanted(linear), abs=1e-4)
    proxy = {"API_PORT": "0", "GRPC_TARGET": "127.0.0.1:1"}
    with served.running("housing-rest", **proxy) as rest:
        port = rest.event("rest.serving")["port"]
        for path in ("/docs", "/docs/swagger-ui-bundle.js"):
            url = f"http://127.0.0.1:{port}{path}"
            assert httpx.get(url, timeout=30, trust_env=False).status_code == 200
    assert served.run(["python", "-c", "import housing_grpc.registry.mlflow_library"]).stderr == ""
