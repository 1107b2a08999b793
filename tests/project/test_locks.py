"""The lock files are complete, and whatever installs from one asks no index what else it needs."""

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.support.processes import outcome

ROOT = Path(__file__).parents[2]

# What tools/lock.sh makes each file of: extras of the project, or a dependency group.
SERVE = ["feedback", "otel", "registry", "rest"]
EXTRAS = {
    "core": [],
    "serve": SERVE,
    "admin": [*SERVE, "admin"],
    "dev": [*SERVE, "admin", "dev"],
    "fuzz": ["fuzz"],
}
GROUPS = ("build", "mlflow")
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
HERE = {name: str(value) for name, value in default_environment().items()}
PLATFORMS = {"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}


class Lock:
    """The pins of one file, as they hold on one platform and Python."""

    def __init__(self, name: str, environment: dict[str, str]) -> None:
        self._name = name
        self._environment = environment
        self.pins: dict[str, Version] = {}
        for line in (ROOT / "requirements" / f"{name}.txt").read_text().splitlines():
            if line[:1].isspace() or not line or line.startswith("#"):
                continue
            pin = Requirement(line.removesuffix("\\").strip())
            if pin.marker is None or pin.marker.evaluate(environment):
                (version,) = pin.specifier
                assert version.operator == "==", line
                self.pins[canonicalize_name(pin.name)] = Version(version.version)

    def missing(self, roots: list[str]) -> list[str]:
        """Returns what the roots need, and what that needs, that no pin gives."""
        faults: list[str] = []
        seen: set[tuple[str, str]] = set()
        left = [("the project", Requirement(root), "") for root in roots]
        while left:
            by, wanted, extra = left.pop()
            if wanted.marker and not wanted.marker.evaluate({**self._environment, "extra": extra}):
                continue
            name = canonicalize_name(wanted.name)
            pinned = self.pins.get(name)
            if pinned is None or not wanted.specifier.contains(pinned, prereleases=True):
                faults.append(f"{by} needs {wanted}; pinned is {pinned}")
                continue
            # What the lock of this environment says is what is installed, and read here.
            if self._environment == HERE and self._name != "fuzz":
                assert Version(metadata.version(name)) == pinned, name
            new = {(name, extra) for extra in ("", *wanted.extras)} - seen
            seen |= new
            for _, chosen in new:
                left += [(f"{name}=={pinned}", need, chosen) for need in requirements(name)]
        return sorted(set(faults))


@cache
def requirements(name: str) -> list[Requirement]:
    """Returns what an installed package asks for; nothing for one of another platform."""
    try:
        return [Requirement(text) for text in metadata.requires(name) or ()]
    except metadata.PackageNotFoundError:
        return []


def environments() -> Iterator[dict[str, str]]:
    for python in PYTHONS:
        for platform, system in PLATFORMS.items():
            yield {
                **HERE,
                "python_version": python,
                "python_full_version": f"{python}.1",
                "implementation_version": f"{python}.1",
                "sys_platform": platform,
                "platform_system": system,
            }


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def roots_of(project: dict[str, Any], name: str) -> list[str]:
    if name in GROUPS:
        return list(project["dependency-groups"][name])
    extras = project["project"]["optional-dependencies"]
    chosen = [need for extra in EXTRAS[name] for need in extras[extra]]
    # An extra may name others of the project, which EXTRAS lists, too.
    own = [need for need in chosen if need.startswith("housing-grpc[")]
    assert {extra for need in own for extra in Requirement(need).extras} <= set(EXTRAS[name])
    return [*project["project"]["dependencies"], *(need for need in chosen if need not in own)]


@pytest.mark.parametrize("name", [*EXTRAS, *GROUPS])
def test_a_lock_holds_all_that_its_packages_need(project: dict[str, Any], name: str) -> None:
    for environment in (HERE, *environments()):
        lock = Lock(name, environment)
        assert lock.missing(roots_of(project, name)) == []


def test_a_requirement_of_an_extra_is_seen(project: dict[str, Any]) -> None:
    lock = Lock("dev", HERE)
    lock.pins["coverage"] = Version("1.0")
    del lock.pins["psycopg-binary"]
    faults = lock.missing(roots_of(project, "dev"))
    assert [fault.split(";")[0].split(">")[0] for fault in faults][-2:] == [
        "psycopg==3.3.9 needs psycopg-binary==3.3.9",
        "pytest-cov==7.1.0 needs coverage[toml]",
    ]


def test_what_serves_a_folder_takes_13_packages() -> None:
    assert sorted(Lock("core", HERE).pins) == [
        "cffi", "cryptography", "googleapis-common-protos", "grpcio", "grpcio-health-checking",
        "grpcio-reflection", "grpcio-status", "msgspec", "numpy", "prometheus-client", "protobuf",
        "pycparser", "typing-extensions",
    ]  # fmt: skip


def test_all_lock_files_are_looked_at() -> None:
    files = {path.stem for path in (ROOT / "requirements").glob("*.txt")}
    assert files == {*EXTRAS, *GROUPS}


def test_whatever_installs_from_a_lock_takes_it_as_it_is() -> None:
    listed = outcome(["git", "ls-files"], check=True).stdout.split()
    # A link to a folder is listed, too.
    listed = [name for name in listed if (ROOT / name).is_file()]
    installs = re.compile(r"(pip\b.*\binstall\b|\$\(PIP\)).*-r \S*requirements/")
    exact = re.compile(r"--no-deps --require-hashes|\$\(LOCKED\)")
    lines = [
        (name, line)
        for name in listed
        if not name.startswith(("requirements/", "tests/"))
        for line in (ROOT / name).read_text(errors="ignore").splitlines()
        if installs.search(line)
    ]
    assert {
        "Makefile", "Dockerfile", "deploy/mlflow/Dockerfile", "README.md", "pyproject.toml"
    } <= dict(lines).keys()  # fmt: skip
    assert [line for line in lines if not exact.search(line[1])] == []
