"""Tells which code trained a model."""

import subprocess
from importlib import metadata
from pathlib import Path

_PACKAGE = "housing-grpc"
_ROOT = Path(__file__).resolve().parents[2]


def code_version(root: Path = _ROOT) -> str:
    """Return the package's version, and the git commit of a checkout: "0.1.0+g1a2b3c4d5e6f-dirty".

    Args:
        root: Folder that holds the packages.
    """
    try:
        version = metadata.version(_PACKAGE)
    except metadata.PackageNotFoundError:
        version = "0"
    # Asked first, because git would look for a repository in every folder above.
    if not (root / ".git").exists():
        return version
    commit = _git(root, "rev-parse", "--short=12", "HEAD")
    if not commit:
        return version
    dirty = "-dirty" if _git(root, "status", "--porcelain") else ""
    return f"{version}+g{commit}{dirty}"


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
