"""`make secrets`, which `make up` begins with, in a folder with nothing but the Makefile."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes import ROOT, outcome


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "Makefile", tmp_path)
    return tmp_path


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["make", "--no-print-directory", *arguments, f"PYTHON={sys.executable}"]
    return outcome(command, cwd=folder, env={"PATH": "/usr/bin:/bin"})


def test_the_first_start_writes_keys_that_the_second_keeps(folder: Path) -> None:
    done = make(folder, "secrets")
    assert (done.returncode, done.stderr) == (0, "")
    written = (folder / ".env").read_text()
    assert (folder / ".env").stat().st_mode & 0o777 == 0o600
    names = re.findall(r"^([A-Z_]+)=[\w-]{32}$", written, re.MULTILINE)
    assert names == ["API_KEY", "POSTGRES_PASSWORD", "MINIO_ROOT_PASSWORD"]
    again = make(folder, "secrets")
    assert (again.returncode, again.stdout, (folder / ".env").read_text()) == (0, "", written)


@pytest.mark.parametrize(
    "line",
    ["POSTGRES_PASSWORD=p@ss", "POSTGRES_PASSWORD=a$b", 'POSTGRES_USER="me"', "API_KEY=a#b"],
)
def test_a_value_that_make_and_compose_would_read_differently_is_refused(
    folder: Path, line: str
) -> None:
    (folder / ".env").write_text(f"{line}\n")
    done = make(folder, "secrets")
    name, _, value = line.partition("=")
    assert done.returncode != 0
    assert done.stderr.startswith(f"{name} in .env: use letters, digits, - and _ alone")
    assert value not in done.stderr


def test_a_key_in_base_64_is_taken(folder: Path) -> None:
    (folder / ".env").write_text("API_KEY=ab+/c9==\n")
    assert make(folder, "secrets").returncode == 0


@pytest.mark.parametrize("target", ["down", "logs"])
def test_what_runs_can_be_stopped_and_read_without_the_keys(folder: Path, target: str) -> None:
    stand_ins = "API_KEY=unset POSTGRES_PASSWORD=unset MINIO_ROOT_PASSWORD=unset"
    assert make(folder, "-n", target).stdout.startswith(f"{stand_ins} docker compose")
    (folder / ".env").write_text("API_KEY=a\nPOSTGRES_PASSWORD=b\nMINIO_ROOT_PASSWORD=c\n")
    assert make(folder, "-n", target).stdout.startswith("docker compose")
