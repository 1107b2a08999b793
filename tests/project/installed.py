"""The project as it is installed: a wheel, in environments that have nothing else."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.processes import ROOT, ServerProcess, outcome

SECONDS = 600
# What a wheel is made of.
_FOLDERS = ("admin", "generated", "housing_grpc", "housing_table")
_FILES = ("LICENSE", "README.md", "pyproject.toml", "setup.py")
_IGNORED = shutil.ignore_patterns("__pycache__", "*.so")


def build(folder: Path) -> Path:
    """Builds the wheel from a copy of the sources, as `make wheel` does; returns its path."""
    copy = folder / "sources"
    copy.mkdir()
    for name in _FOLDERS:
        shutil.copytree(ROOT / name, copy / name, ignore=_IGNORED)
    for name in _FILES:
        shutil.copy(ROOT / name, copy / name)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run(
        [*command, "--wheel-dir", folder, copy],
        env={**os.environ, "HOUSING_NEEDS_C": "1"},
        check=True,
        timeout=SECONDS,
    )
    (wheel,) = folder.glob("*.whl")
    return wheel


def interpreter(version: str) -> str | None:
    """Finds a Python of a version, such as "3.12", that runs here, or none."""
    name = f"python{version}"
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    folders.append(str(Path(sys.executable).parent))
    found = [Path(folder, name) for folder in folders]
    # pyenv has a command for each of its versions on PATH, of which only the chosen one runs.
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv", "versions")
    found += sorted(pyenv.glob(f"{version}*/bin/{name}"))
    return next((str(path) for path in found if path.exists() and _runs(path, version)), None)


def _runs(path: Path, version: str) -> bool:
    code = f"import sys; sys.exit(sys.version_info[:2] != tuple(map(int, '{version}'.split('.'))))"
    command = [str(path), "-I", "-c", code]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


class Environment:
    """An environment of its own, where no program is on PATH but its own: no compiler either.

    Args:
        folder: To make it in.
        uv: Path of uv.
        python: Path of its interpreter.
    """

    def __init__(self, folder: Path, uv: str, python: str) -> None:
        self.folder = folder
        self._uv = uv
        command = [uv, "venv", "--quiet", "--no-python-downloads", "--python", python, str(folder)]
        subprocess.run(command, check=True, timeout=SECONDS)

    def install(self, lock: str, wheel: Path) -> None:
        """Installs what a lock file pins, and the project, and checks that it is complete."""
        at = ("--python", str(self.folder / "bin" / "python"))
        pinned = ["--no-deps", "--require-hashes", "-r", str(ROOT / "requirements" / f"{lock}.txt")]
        for arguments in (["install", *pinned], ["install", "--no-deps", str(wheel)], ["check"]):
            subprocess.run(
                [self._uv, "pip", arguments[0], "--quiet", *at, *arguments[1:]],
                env={**os.environ, "PATH": str(self.folder / "bin")},
                check=True,
                timeout=SECONDS,
            )

    def run(self, command: Sequence[str], **variables: str) -> "subprocess.CompletedProcess[str]":
        """Runs a program of the environment."""
        return outcome(
            [str(self.folder / "bin" / command[0]), *command[1:]],
            cwd=self.folder,
            env=self._variables(variables),
            timeout=SECONDS,
        )

    @contextmanager
    def running(self, program: str, **variables: str) -> Iterator[ServerProcess]:
        """Runs a program of the environment that logs JSON lines, and ends it."""
        with subprocess.Popen(
            [self.folder / "bin" / program],
            cwd=self.folder,
            env=self._variables({"LOG_FORMAT": "json", "METRICS_ENABLED": "false", **variables}),
            stderr=subprocess.PIPE,
            text=True,
        ) as popen:
            try:
                yield ServerProcess(popen)
            finally:
                popen.kill()

    def _variables(self, chosen: dict[str, str]) -> dict[str, str]:
        return {"PATH": str(self.folder / "bin"), "HOME": str(self.folder), **chosen}
