"""The Dockerfile, done step by step in a root file system of its own."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import httpx
import pytest
from housing.v1.prediction_pb2 import House, PredictRequest

from tests.deploy.replay import Replay, Stage
from tests.integration.daemon import answers
from tests.integration.toolchain import need
from tests.support.client import client_of
from tests.support.examples import Example
from tests.support.ports import free_port
from tests.support.processes import ROOT, ServerProcess, outcome
from tests.support.waiting import SECONDS

pytestmark = pytest.mark.integration

MEBIBYTES = 350


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    need("debootstrap", "debootstrap, on Debian: apt-get install debootstrap", "/usr/sbin")
    if os.geteuid() != 0:
        pytest.skip("only root may make and enter a root file system")
    # Not below pytest's folder, into which no other user may come.
    folder = Path(tempfile.mkdtemp(prefix="housing-image-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def replay(folder: Path) -> Replay:
    return Replay(ROOT, folder / "bases", folder / "ours")


@pytest.fixture(scope="module")
def server(replay: Replay, linear: Example) -> Stage:
    stage = replay.build("server")
    shutil.copytree(linear.folder, stage.root / "bundle")
    subprocess.run(["chmod", "-R", "a+rX", stage.root / "bundle"], check=True)
    return stage


def run(stage: Stage, *command: str) -> subprocess.CompletedProcess[str]:
    confined = stage.command(*command, read_only=True)
    return outcome(confined)


@contextmanager
def running(stage: Stage, *command: str, **variables: str) -> Iterator[ServerProcess]:
    confined = stage.command(*command, read_only=True, LOG_FORMAT="json", **variables)
    with subprocess.Popen(confined, stderr=subprocess.PIPE, text=True) as popen:
        try:
            yield ServerProcess(popen)
        finally:
            popen.terminate()


def test_it_is_small_and_has_nothing_to_train_or_build_with(server: Stage) -> None:
    told = outcome(["du", "-smx", server.root], check=True).stdout
    print(f"the root file system has {told.split()[0]} MiB")
    assert int(told.split()[0]) < MEBIBYTES
    for module in ("sklearn", "xgboost", "pandas", "pip", "setuptools", "admin", "housing_admin"):
        assert run(server, "python", "-c", f"import {module}").returncode == 1, module
    assert run(server, "sh", "-c", "command -v gcc cc make").returncode != 0


def test_it_is_not_root_and_may_write_to_two_folders_only(server: Stage) -> None:
    assert run(server, "id", "-u").stdout == "10001\n"
    assert run(server, "sh", "-c", 'touch "$HOME/a" /data/a').returncode == 0
    for place in ("/a", "/app/a", "/opt/venv/a"):
        assert "Read-only file system" in run(server, "touch", place).stderr


def test_all_that_it_imports_has_its_byte_code(server: Stage) -> None:
    for module in (
        "housing_grpc.server",
        "housing_grpc.rest.server",
        "housing_grpc.registry.mlflow_library",
    ):
        done = run(server, "python", "-v", "-c", f"import {module}")
        assert done.returncode == 0
        from_source = [
            line
            for line in done.stderr.splitlines()
            if line.startswith("# code object from '/opt") and ".pyc" not in line
        ]
        assert from_source == []


def test_it_serves_both_faces(server: Stage) -> None:
    port = str(free_port())
    shared = {"GRPC_HOST": "127.0.0.1", "API_HOST": "127.0.0.1", "METRICS_ENABLED": "false"}
    entry = server.entrypoint
    given = {**shared, "BUNDLE_DIR": "/bundle", "GRPC_PORT": "0"}
    with running(server, *entry, **given) as process:
        target = f"127.0.0.1:{process.event('server.serving')['port']}"
        with grpc.insecure_channel(target) as channel:
            request = PredictRequest(house=House(rm=6.5, lstat=12))
            price = (
                client_of(channel, target).predictions.Predict(request, timeout=SECONDS).prediction
            )
        proxy = [*entry[:-1], "housing_grpc.rest"]
        with running(server, *proxy, **shared, API_PORT=port, GRPC_TARGET=target) as rest:
            rest.event("rest.serving")
            docs = httpx.get(f"http://127.0.0.1:{port}/docs", timeout=SECONDS, trust_env=False)
            assert docs.status_code == 200
            house = {"RM": 6.5, "LSTAT": 12}
            url = f"http://127.0.0.1:{port}/predict"
            answer = httpx.post(url, json=house, timeout=SECONDS, trust_env=False).json()
    assert answer["prediction"] == price


def test_the_admin_image_has_its_command_line(replay: Replay) -> None:
    admin = replay.build("admin")
    done = run(admin, *admin.entrypoint, "train", "--help")
    assert done.returncode == 0
    assert "--model=MODEL" in done.stdout
    assert admin.entrypoint == ("housing-admin",)
    assert run(admin, "python", "-m", "admin", "train", "--help").stdout == done.stdout


def test_the_image_of_mlflow_serves_from_a_read_only_root(folder: Path) -> None:
    bases, made = folder / "bases", folder / "mlflow"
    stage = Replay(ROOT, bases, made, "deploy/mlflow/Dockerfile").build("server")
    assert run(stage, "id", "-u").stdout == "10002\n"
    assert run(stage, "python", "-c", "import boto3, psycopg").returncode == 0
    done = run(stage, "python", "/app/create_bucket.py")
    assert (done.returncode, done.stderr) == (2, "error: set MLFLOW_BUCKET_NAME\n")
    port = free_port()
    flags = ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    flags += ["--artifacts-destination", f"{stage.env['HOME']}/artifacts"]
    store = {"MLFLOW_BACKEND_STORE_URI": "sqlite:////tmp/mlflow.db"}
    store["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"
    with running(stage, *stage.entrypoint, *flags, **store) as process:
        ready = answers(f"http://127.0.0.1:{port}/health")
        until = time.monotonic() + 120
        while not ready():
            assert process.popen.poll() is None
            assert time.monotonic() < until
            time.sleep(0.5)
