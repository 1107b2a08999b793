"""Variables of libraries, which they cannot read: each is named, and no other."""

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from clients.python.command import foreign_variable as copy
from housing_grpc.base import foreign_variable
from tests.admin.terminal.fake_terminal import admin
from tests.conftest import ROOT
from tests.support.processes import outcome

# By name: a value that its library cannot read, and what reads it.
READ = {
    "SKLEARN_WORKING_MEMORY": ("x", "import sklearn"),
    "NUMPY_MADVISE_HUGEPAGE": ("x", "import numpy"),
    "PANDAS_FUTURE": ("x", "import pandas"),
    "LOKY_MAX_DEPTH": ("x", "import joblib"),
    "LOKY_PICKLER": ("x", "import joblib.externals.loky"),
    "LOKY_MAX_CPU_COUNT": ("x", "import joblib; joblib.cpu_count()"),
    "JOBLIB_START_METHOD": ("x", "import joblib"),
    "JOBLIB_MULTIPROCESSING": ("x", "import joblib"),
    "PROMETHEUS_MULTIPROC_DIR": (
        "/dev/null/x",
        "import prometheus_client as p; p.Counter('a', 'b').inc()",
    ),
}
EXPLAINED = """
import sys
from housing_grpc.base.standard_streams import watched
sys.exit(watched(lambda: exec(sys.argv[1]) or 0))
"""
OF_NO_USE = "in the environment is of no use to the library that reads it: "
SERVER = [sys.executable, "-m", "housing_grpc", "--bundle-dir", "/nowhere"]
CLIENT = [sys.executable, "-m", "clients.python"]


def run(command: list[str], **variables: str) -> "subprocess.CompletedProcess[str]":
    return outcome(command, env={"PATH": "", "PYTHONPATH": str(ROOT), **variables})


@pytest.mark.parametrize("name", READ)
def test_the_one_that_a_library_cannot_read_is_named(name: str) -> None:
    value, code = READ[name]
    others = {other: "1" for other in ("JOBLIB_TEMP", "SKLEARN_SEED", "LC_X") if other != name}
    done = run([sys.executable, "-c", EXPLAINED, code], **others, **{name: value})
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {name} {OF_NO_USE}"), done.stderr
    assert done.stderr.count("\n") == 1


def test_an_error_of_ours_is_nobody_elses() -> None:
    error = ValueError("SOME_NAME is a word")
    assert foreign_variable.complaint(error, {"HOME": "/", "PATH_INFO": "x"}) == ""
    assert "SOME_NAME" in foreign_variable.complaint(error, {"SOME_NAME": "x"})


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("GRPC_POLL_STRATEGY", ("", "all", "poll", "epoll1,poll"), ("x", "none", "poll,x")),
        ("PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION", ("", "python", "upb"), ("x", "cpp")),
    ],
)
def test_one_that_ends_the_process_is_refused_before(
    name: str, right: tuple[str, ...], wrong: tuple[str, ...]
) -> None:
    assert {foreign_variable.refusal({name: value}) for value in right} == {""}
    for value in wrong:
        assert foreign_variable.refusal({name: value}).startswith(f"{name} {OF_NO_USE}'{value}'")
    for command in (SERVER, [*CLIENT, "info"], [sys.executable, "-m", "housing_grpc.rest"]):
        done = run(command, **{name: wrong[-1]})
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"error: {name} {OF_NO_USE}"), done.stderr


def test_commands_name_it(tmp_path: Path) -> None:
    done = admin(tmp_path, "train", "--model", "linear", SKLEARN_WORKING_MEMORY="x")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(f"error: SKLEARN_WORKING_MEMORY {OF_NO_USE}")
    parquet = [*CLIENT, "score", "/dev/null", str(tmp_path / "prices.parquet"), "--from", "csv"]
    for command in (SERVER, parquet):
        done = run(command, NUMPY_MADVISE_HUGEPAGE="x")
        assert done.returncode == 2
        assert done.stderr.startswith(f"error: NUMPY_MADVISE_HUGEPAGE {OF_NO_USE}"), done.stderr


def test_the_client_has_the_same_code() -> None:
    assert inspect.getsource(foreign_variable) == inspect.getsource(copy)
