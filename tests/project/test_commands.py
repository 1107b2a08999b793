"""The programs, by the names that they have in a clone and where they are installed."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from housing_grpc import __version__

ROOT = Path(__file__).parents[2]
PROGRAMS = {
    "housing-admin": "admin",
    "housing-rest": "housing_grpc.rest",
    "housing-server": "housing_grpc",
}
HEAVY = ("fire", "grpc", "mlflow", "msgspec", "numpy", "starlette")

# Runs a module as `python -m` does, and says what that has imported.
IMPORTED = """
import runpy, sys
module, sys.argv[1:] = sys.argv[1], sys.argv[2:]
try:
    runpy.run_module(module, run_name="__main__", alter_sys=True)
except SystemExit:
    pass
for name in sorted(sys.modules):
    print(name, getattr(sys.modules[name], "__file__", None), file=sys.stderr)
"""


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return found


def run(*command: str, folder: Path = ROOT) -> "subprocess.CompletedProcess[str]":
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def imported(folder: Path, *command: str) -> dict[str, str]:
    """Gives the modules that a command imports, and their files."""
    lines = run("-c", IMPORTED, *command, folder=folder).stderr.splitlines()
    return {line.partition(" ")[0]: line.partition(" ")[2] for line in lines if " " in line}


@pytest.mark.parametrize("module", PROGRAMS.values())
def test_the_version_is_told_before_anything_is_imported_that_takes_time(module: str) -> None:
    (program,) = (name for name, each in PROGRAMS.items() if each == module)
    done = run("-c", IMPORTED, module, "--version")
    assert done.stdout == f"{program} {__version__}\n"
    names = {line.partition(" ")[0] for line in done.stderr.splitlines()}
    assert "housing_grpc" in names
    assert sorted(names & set(HEAVY)) == []


def test_the_programs_are_installed_and_their_version_is_that_of_the_project(
    project: dict[str, Any],
) -> None:
    assert project["scripts"].keys() == PROGRAMS.keys()
    assert project["version"] == __version__


def test_in_a_clone_the_folder_admin_has_its_installed_name_alone() -> None:
    found = imported(ROOT, "admin", "nonsense")
    assert found["housing_admin.cli"] == str(ROOT / "admin" / "cli.py")
    assert [name for name in found if name.startswith("admin.")] == []


def test_elsewhere_the_folder_that_is_there_is_run(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "admin", tmp_path / "admin")
    found = imported(tmp_path, "admin", "nonsense")
    assert found["admin.cli"] == str(tmp_path / "admin" / "cli.py")
    assert [name for name in found if name.startswith("housing_admin.")] == []


def test_no_module_of_admin_names_the_package() -> None:
    absolute = re.compile(r"^\s*(from|import) (housing_)?admin\b", re.MULTILINE)
    files = [path for path in (ROOT / "admin").rglob("*.py") if absolute.search(path.read_text())]
    assert files == []


def test_whatever_uses_internals_has_a_ceiling(project: dict[str, Any]) -> None:
    """calls/grpcio_internals.py takes grpcio's, admin/cli.py goes by what Fire says."""
    extras = project["optional-dependencies"].values()
    needs = [*project["dependencies"], *(need for extra in extras for need in extra)]
    names = {"grpcio": "<1.90", "fire": "<0.8"}
    for need in needs:
        name = re.split(r"[^a-z]", need)[0]
        if name in names:
            assert names[name] in need, need


def test_the_supported_pythons_are_those_that_ci_tests(project: dict[str, Any]) -> None:
    named = re.findall(r"Python :: (3\.\d+)", "\n".join(project["classifiers"]))
    workflow = (ROOT / ".github/workflows/ci.yml").read_text()
    (matrix,) = re.findall(r"python: \[(.*)\]", workflow)
    assert re.findall(r"3\.\d+", matrix) == named
    assert project["requires-python"] == f">={named[0]}"
