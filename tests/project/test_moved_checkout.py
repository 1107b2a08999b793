"""A checkout that was moved or copied: its environment names the old place, so it is made anew."""

import shutil
from pathlib import Path

import pytest

from tests.support.processes import ROOT, outcome


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose environment is installed."""
    folder = tmp_path / "a checkout"
    (folder / ".venv" / "bin").mkdir(parents=True)
    for name in ("Makefile", "requirements", "pyproject.toml", "setup.py"):
        (folder / name).symlink_to(ROOT / name)
    for name in (".venv/bin/python", ".venv/.admin.stamp", ".venv/.dev.stamp"):
        (folder / name).touch()
    (folder / ".venv/pyvenv.cfg").write_text(
        f"version = 3.11.9\ncommand = /usr/bin/python3 -m venv {folder}/.venv\n"
    )
    return folder


def would_do(folder: Path, target: str) -> str:
    return outcome(["make", "--dry-run", target], cwd=folder, check=True).stdout


@pytest.mark.parametrize("target", ["serve", "check"])
def test_where_it_was_made_it_is_kept(checkout: Path, target: str) -> None:
    assert "rm -rf .venv" not in would_do(checkout, target)


@pytest.mark.parametrize("target", ["serve", "check"])
def test_elsewhere_it_is_made_anew(checkout: Path, target: str) -> None:
    copied = Path(shutil.copytree(checkout, checkout.with_name("copied"), symlinks=True))
    for folder in (checkout.rename(checkout.with_name("moved")), copied):
        done = would_do(folder, target).splitlines()
        assert done.index("rm -rf .venv") < done.index("python3 -m venv .venv")
        assert any("--editable ." in line for line in done)
