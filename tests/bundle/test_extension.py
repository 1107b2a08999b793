"""Why the extension in C cannot be used: it was never compiled, or what was compiled is broken."""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest

from housing_grpc.bundle import extension

Spoil = Callable[[Path], object]

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="libraries of other systems differ"),
    pytest.mark.skipif(extension.UNUSABLE is not None, reason="the extension is not built"),
]

COMPILED = "_native.abi3.so"
REAL = Path(extension.__file__).parent / COMPILED
OTHER_PYTHON = "_native.cpython-39-x86_64-linux-gnu.so"
NEVER = "the extension in C was not compiled"
ROOT = Path(__file__).parents[2]
# A module that has nothing of what is asked for.
EMPTY = """
#include <Python.h>
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "_native"};
PyMODINIT_FUNC PyInit__native(void) { return PyModuleDef_Init(&definition); }
"""


def no_library(folder: Path) -> None:
    (folder / COMPILED).write_bytes(b"no library")


def for_another_machine(folder: Path) -> None:
    data = bytearray(REAL.read_bytes())
    # Where ELF says what it is for: RISC-V.
    data[18:20] = b"\xf3\x00"
    (folder / COMPILED).write_bytes(data)


def for_another_python(folder: Path) -> None:
    shutil.copy(REAL, folder / OTHER_PYTHON)


def with_an_undefined_symbol(folder: Path) -> None:
    compile_c(folder, "int nowhere(void); int PyInit__native(void) { return nowhere(); }")


def of_other_sources(folder: Path) -> None:
    compile_c(folder, EMPTY)


BROKEN: dict[Spoil, str] = {
    no_library: f"the compiled {COMPILED} cannot be used: ",
    for_another_machine: f"the compiled {COMPILED} cannot be used: ",
    for_another_python: f"the compiled {OTHER_PYTHON} cannot be used: No module named ",
    with_an_undefined_symbol: f"the compiled {COMPILED} cannot be used: {COMPILED}: undefined "
    "symbol: nowhere",
    of_other_sources: f"the compiled {COMPILED} cannot be used: it lacks Model, ",
}


def compile_c(folder: Path, source: str) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    (folder / "made.c").write_text(source)
    headers = sysconfig.get_path("include")
    command = [compiler, "-shared", "-fPIC", f"-I{headers}", "-o", COMPILED, "made.c"]
    subprocess.run(command, cwd=folder, check=True)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an empty package, which can be imported by the folder's name."""
    folder = tmp_path / f"package_{tmp_path.name}"
    folder.mkdir()
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    return folder


def test_the_one_that_is_there_is_used() -> None:
    found, why = extension.load(REAL.parent, "housing_grpc.bundle")
    assert why is None
    assert found["Model"] is extension.model


def test_one_that_was_never_compiled(package: Path) -> None:
    assert extension.load(package, package.name) == (
        {},
        extension.Unusable(broken=False, cause=NEVER),
    )


@pytest.mark.parametrize(
    ("compiler", "broken", "cause"),
    [
        ("/nowhere/cc", False, f"{NEVER}, as there was no C compiler: "),
        ("false", True, "the extension in C could not be compiled: "),
    ],
)
def test_a_compiler_that_fails_is_told_from_none(
    package: Path, tmp_path: Path, compiler: str, broken: bool, cause: str
) -> None:
    folders = ("--build-lib", str(tmp_path / "lib"), "--build-temp", str(tmp_path / "objects"))
    subprocess.run(
        [sys.executable, "setup.py", "--quiet", "build_ext", *folders],
        cwd=ROOT,
        env={**os.environ, "CC": compiler},
        capture_output=True,
        check=True,
    )
    shutil.copy(tmp_path / "lib/housing_grpc/bundle/_native.failed", package)
    found, why = extension.load(package, package.name)
    assert why is not None
    assert (found, why.broken, why.cause.startswith(cause)) == ({}, broken, True), why.cause


@pytest.mark.parametrize("spoil", BROKEN, ids=lambda spoil: spoil.__name__)
def test_one_that_is_broken(package: Path, spoil: Spoil) -> None:
    spoil(package)
    found, why = extension.load(package, package.name)
    assert (found, why is not None and why.broken) == ({}, True)
    assert why is not None
    assert why.cause.startswith(BROKEN[spoil])
    assert str(package) not in why.cause
