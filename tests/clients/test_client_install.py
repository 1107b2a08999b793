"""The client on its own: built, installed into an empty environment, used on a live server."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.support.examples import DATA
from tests.support.processes import outcome

CLIENT = ROOT / "clients" / "python"

SCRIPT = """
import sys
from housing_client import HousingClient, InvalidArgumentError
with HousingClient(sys.argv[1]) as client:
    print(client.predict(RM=6.5).price > 0, client.health())
    print(sum(1 for _ in client.score(sys.argv[2], progress=False)))
    try:
        client.predict(CHAS=2)
    except InvalidArgumentError as error:
        print(error.violations[0].field)
print(sorted(name for name in ("numpy", "pandas", "housing_grpc", "admin") if name in sys.modules))
"""


def test_the_requirements_are_those_of_the_generated_code() -> None:
    project = tomllib.loads((CLIENT / "pyproject.toml").read_text())["project"]
    names = [re.split(r"[>=]+", each)[0] for each in project["dependencies"]]
    assert names == ["grpcio", "googleapis-common-protos", "protobuf"]
    wanted = dict(re.split(r">=", each) for each in project["dependencies"])
    generated = ROOT / "generated" / "housing" / "v1"
    text = (generated / "prediction_pb2_grpc.py").read_text()
    (grpcio,) = re.findall(r"GRPC_GENERATED_VERSION = '(.*)'", text)
    assert numbers(wanted["grpcio"]) >= numbers(grpcio)
    text = (generated / "prediction_pb2.py").read_text()
    (protobuf,) = re.findall(r"Protobuf Python Version: (.*)", text)
    assert numbers(wanted["protobuf"])[:2] >= numbers(protobuf)[:2]


def test_the_version_is_the_servers() -> None:
    project = tomllib.loads((CLIENT / "pyproject.toml").read_text())["project"]
    server = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == server["version"]


def numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def test_a_copy_without_the_generated_code_says_what_is_missing(tmp_path: Path) -> None:
    copy = tmp_path / "python"
    shutil.copytree(CLIENT, copy, ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "setup.py", "--version"]
    job = outcome(command, cwd=copy)
    assert job.returncode == 1
    assert "install this folder from within a clone of the repository" in job.stderr
    assert "Traceback" not in job.stderr


@pytest.mark.integration
@pytest.mark.parametrize("built_from", ["repository", "archive"])
def test_the_wheel_alone(
    address: str, tmp_path: Path, tool: Callable[[str], str], built_from: str
) -> None:
    uv = tool("uv")
    copy = tmp_path / "repository"
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(CLIENT, copy / "clients" / "python", ignore=ignore)
    for shared in ("generated", "housing_table"):
        shutil.copytree(ROOT / shared, copy / shared, ignore=ignore)
    # uv makes the wheel from the archive unless it is told to make nothing else.
    kind = ["--wheel"] if built_from == "repository" else []
    build = [uv, "build", "--quiet", *kind, "--out-dir", str(tmp_path)]
    subprocess.run([*build, str(copy / "clients" / "python")], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    empty = tmp_path / "environment"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(empty)], check=True)
    python = empty / "bin" / "python"
    subprocess.run(
        [uv, "pip", "install", "--quiet", "--python", str(python), str(wheel)], check=True
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def run(*command: str) -> str:
        return outcome(command, cwd=tmp_path, env=environment, check=True).stdout

    out = run(str(python), "-c", SCRIPT, address, str(DATA))
    assert out.splitlines() == ["True SERVING", "506", "house.CHAS", "[]"]
    assert "SERVING" in run(str(empty / "bin" / "housing"), "watch", "--once", "--target", address)
    command = [str(python), "-m", "housing_client", "score", str(DATA), "prices.csv"]
    run(*command, "--target", address)
    assert len((tmp_path / "prices.csv").read_text().splitlines()) == 507
    installed = run(uv, "pip", "list", "--python", str(python), "--format", "freeze")
    found = {line.partition("==")[0] for line in installed.splitlines()}
    assert found == {
        "googleapis-common-protos", "grpcio", "housing-client", "protobuf", "typing-extensions",
    }  # fmt: skip
