"""Takes away the guards of the server, one by one: for each, a test has to fail."""

import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.chaos.guard import Guard
from tests.chaos.guards import GUARDS
from tests.support.processes import outcome

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
    return outcome(
        [sys.executable, *arguments],
        cwd=tree,
        env={**inherited, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"},
        timeout=SECONDS,
    )


def outcome_of(tree: Path, tests: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    quick = ("-x", "-q", "-p", "no:cacheprovider", "--timeout=120")
    return run(tree, "-m", "pytest", *quick, *(f"tests/{test}" for test in tests))


def sources(tree: Path) -> Iterator[Path]:
    """Yields the files that guards are marked in."""
    for folder in ("housing_grpc", "admin"):
        for suffix in ("py", "c"):
            yield from (tree / folder).rglob(f"*.{suffix}")


def place_of(tree: Path, guard: Guard) -> tuple[Path, int]:
    """Returns the file that a guard is marked in, and the number of its first line."""
    mark = re.compile(rf"^ *(#|/\*) guard: {re.escape(guard.name)}( \*/)?$")
    places = [
        (path, number)
        for path in sources(tree)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if mark.match(line)
    ]
    assert len(places) == 1, f"{guard.name} is marked {len(places)} times"
    path, number = places[0]
    lines = path.read_text(encoding="utf-8").splitlines()
    while " guard: " in lines[number]:  # That of another guard.
        number += 1
    return path, number


@contextmanager
def removed(tree: Path, guard: Guard) -> Iterator[Path]:
    """Takes a guard out of the copy, gives the file that it is in, and puts it back."""
    path, first = place_of(tree, guard)
    before = path.read_text(encoding="utf-8")
    lines = before.splitlines()
    indent = lines[first][: len(lines[first]) - len(lines[first].lstrip())]
    lines[first : first + guard.lines] = textwrap.indent(guard.without, indent).splitlines()
    path.write_text("\n".join((*lines, "")), encoding="utf-8")
    try:
        yield path
    finally:
        path.write_text(before, encoding="utf-8")


def check_is_missed(tree: Path, guard: Guard) -> None:
    """Asserts that the guard's test fails without it."""
    with removed(tree, guard) as path:
        compiled = run(tree, "-m", "py_compile", str(path))
        assert compiled.returncode == 0, compiled.stderr
        found = outcome_of(tree, [guard.test])
    assert found.returncode == TESTS_FAILED, f"{guard.name} is not missed:\n{found.stdout}"


def test_it_is_the_copy_that_is_tested(tree: Path) -> None:
    found = run(tree, "-c", "import housing_grpc as h, admin, tests.support.examples as t; "
                "print(h.__file__, admin.__file__, t.__file__, sep='\\n')")  # fmt: skip
    assert [Path(line).is_relative_to(tree) for line in found.stdout.split()] == [True] * 3


def test_every_guard_is_marked_once_and_every_mark_is_a_guard(tree: Path) -> None:
    for guard in GUARDS:
        place_of(tree, guard)
    marks = re.compile(r"^ *(?:#|/\*) guard: ", re.MULTILINE)
    texts = [path.read_text(encoding="utf-8") for path in sources(tree)]
    assert sum(len(marks.findall(text)) for text in texts) == len(GUARDS)


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_the_test_of_every_guard_is_there(guard: Guard) -> None:
    file, _, name = guard.test.partition("::")
    text = (ROOT / "tests" / file).read_text(encoding="utf-8")
    assert not name or f"def {name.partition('[')[0]}(" in text


@pytest.mark.chaos
def test_nothing_fails_while_all_guards_are_there(tree: Path) -> None:
    found = outcome_of(tree, sorted({guard.test for guard in GUARDS}))
    assert found.returncode == 0, found.stdout


@pytest.mark.chaos
@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_every_guard_is_missed(tree: Path, guard: Guard) -> None:
    check_is_missed(tree, guard)
