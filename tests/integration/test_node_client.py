"""The Node client: built from its lock file, tested, and run against a live server."""

import shutil
import sys
from pathlib import Path

import pytest

from tests.integration.toolchain import (
    check_example,
    check_says_how_sure,
    check_says_in_one_line,
    check_survives_restart,
    contents,
    need,
    printed,
)
from tests.support.examples import Example
from tests.support.processes import ROOT, serving

CLIENT = ROOT / "clients" / "node"

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def node() -> str:
    return need("node", "Node.js 20 or newer")


@pytest.fixture(scope="module")
def npm(node: str) -> str:
    return need("npm", "npm, which comes with Node.js 20 or newer")


@pytest.fixture(scope="module")
def client(npm: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy with its dependencies, so that the tree stays as it is."""
    root = tmp_path_factory.mktemp("node")
    (root / "proto").symlink_to(ROOT / "proto")
    copy = root / "clients" / "node"
    shutil.copytree(CLIENT, copy, ignore=shutil.ignore_patterns("node_modules", "dist"))
    printed([npm, "ci", "--no-fund", "--no-audit"], copy)
    return copy


def test_its_own_tests_pass(npm: str, client: Path) -> None:
    printed([npm, "test"], client)


def test_the_generated_code_is_what_the_contract_says(client: Path, tmp_path: Path) -> None:
    printed([client / "generate.sh", tmp_path], client, PYTHON=sys.executable)
    stale = contents(tmp_path) != contents(CLIENT / "src" / "gen")
    assert not stale, "run clients/node/generate.sh"


def test_the_lock_file_names_no_address_to_download_from() -> None:
    lock = (CLIENT / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock
    assert '"integrity"' in lock


def test_the_example_runs(node: str, client: Path, linear: Example) -> None:
    with serving(linear.folder) as server:
        port = server.event("server.serving")["port"]
        text = printed([node, "examples/example.js", f"localhost:{port}"], client)
    check_example(text, linear.version)


def test_the_example_says_how_sure_and_why(node: str, client: Path, honest: Example) -> None:
    with serving(honest.folder) as server:
        target = f"localhost:{server.event('server.serving')['port']}"
        text = printed([node, "examples/example.js", target, "10"], client)
        check_says_how_sure(text, target)


def test_without_a_server_the_example_says_so(node: str, client: Path) -> None:
    check_says_in_one_line([node, "examples/example.js", "{target}"], client)


def test_a_stream_survives_a_restart(
    node: str, client: Path, linear: Example, tmp_path: Path
) -> None:
    command = [node, "examples/example.js", "{target}", "{rows}"]
    check_survives_restart(command, client, linear, tmp_path)
