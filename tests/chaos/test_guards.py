"""Takes away the guards of the server, one by one: for each, a test has to fail."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.chaos.mutations import GUARDS, Guard

ROOT = Path(__file__).parents[2]
FOLDERS = ("admin", "clients", "data", "docs", "generated", "housing_grpc", "proto", "tests")
FILES = ("pyproject.toml", ".env.example")
IGNORED = shutil.ignore_patterns("__pycache__", "node_modules")
SECONDS = 1200
TESTS_FAILED = 1


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project, to spoil."""
    folder = tmp_path_factory.mktemp("guards") / "tree"
    folder.mkdir()
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name, ignore=IGNORED)
    for name in FILES:
        shutil.copy(ROOT / name, folder / name)
    return folder


def run(tree: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Runs the interpreter with the copy's code, and nothing of the tests around it."""
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("COV", "PYTEST"))
    }
    paths = os.pathsep.join((str(tree), str(tree / "generated")))
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=tree,
        env={**inherited, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def outcome_of(tree: Path, tests: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    quick = ("-x", "-q", "-p", "no:cacheprovider", "--timeout=120")
    return run(tree, "-m", "pytest", *quick, *(f"tests/{test}" for test in tests))


@contextmanager
def removed(tree: Path, guard: Guard) -> Iterator[None]:
    """Takes a guard out of the copy, and puts it back."""
    path = tree / "housing_grpc" / guard.file
    before = path.read_text(encoding="utf-8")
    assert before.count(guard.line) == 1, f"{guard.file} does not hold this once: {guard.line}"
    path.write_text(before.replace(guard.line, guard.without), encoding="utf-8")
    try:
        yield
    finally:
        path.write_text(before, encoding="utf-8")


def check_is_missed(tree: Path, guard: Guard) -> None:
    """Asserts that the guard's test fails without it."""
    with removed(tree, guard):
        compiled = run(tree, "-m", "py_compile", f"housing_grpc/{guard.file}")
        assert compiled.returncode == 0, compiled.stderr
        found = outcome_of(tree, [guard.test])
    assert found.returncode == TESTS_FAILED, f"{guard.name} is not missed:\n{found.stdout}"


def test_it_is_the_copy_that_is_tested(tree: Path) -> None:
    found = run(tree, "-c", "import housing_grpc as h, admin, tests.support.examples as t; "
                "print(h.__file__, admin.__file__, t.__file__, sep='\\n')")  # fmt: skip
    assert [Path(line).is_relative_to(tree) for line in found.stdout.split()] == [True] * 3


def test_names_are_told_apart() -> None:
    assert len({guard.name for guard in GUARDS}) == len(GUARDS)


@pytest.mark.chaos
def test_nothing_fails_while_all_guards_are_there(tree: Path) -> None:
    found = outcome_of(tree, sorted({guard.test for guard in GUARDS}))
    assert found.returncode == 0, found.stdout


@pytest.mark.chaos
@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_every_guard_is_missed(tree: Path, guard: Guard) -> None:
    check_is_missed(tree, guard)
