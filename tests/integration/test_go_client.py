"""The Go client: built, tested, and run against a live server."""

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

CLIENT = ROOT / "clients" / "go"
STATIC = {"CGO_ENABLED": "0", "GOWORK": "off"}

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def go() -> str:
    return need("go", "Go 1.26 or newer")


@pytest.fixture(scope="module")
def example(go: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    binary = tmp_path_factory.mktemp("go") / "example"
    printed([go, "build", "-o", binary, "./cmd/example"], CLIENT, **STATIC)
    return str(binary)


def test_the_code_is_tidy(go: str) -> None:
    gofmt = need("gofmt", "Go 1.26 or newer")
    assert printed([gofmt, "-l", "."], CLIENT) == ""
    printed([go, "vet", "./..."], CLIENT, **STATIC)
    assert printed([go, "mod", "tidy", "-diff"], CLIENT, **STATIC) == ""


def test_its_own_tests_pass(go: str) -> None:
    printed([go, "test", "-count=1", "./..."], CLIENT, **STATIC)


def test_the_generated_code_is_what_the_contract_says(go: str, tmp_path: Path) -> None:
    printed([CLIENT / "generate.sh", tmp_path], CLIENT, PYTHON=sys.executable)
    stale = contents(tmp_path) != contents(CLIENT / "housing" / "housingv1")
    assert not stale, "run clients/go/generate.sh"


def test_the_example_runs(example: str, linear: Example) -> None:
    with serving(linear.folder) as server:
        port = server.event("server.serving")["port"]
        text = printed([example, "-target", f"localhost:{port}"], CLIENT)
    check_example(text, linear.version)


def test_the_example_says_how_sure_and_why(example: str, honest: Example) -> None:
    with serving(honest.folder) as server:
        target = f"localhost:{server.event('server.serving')['port']}"
        text = printed([example, "-target", target, "-rows", "10"], CLIENT)
        check_says_how_sure(text, target)


def test_without_a_server_the_example_says_so(example: str) -> None:
    check_says_in_one_line([example, "-target", "{target}"], CLIENT)


def test_a_stream_survives_a_restart(example: str, linear: Example, tmp_path: Path) -> None:
    command = [example, "-target", "{target}", "-rows", "{rows}"]
    check_survives_restart(command, CLIENT, linear, tmp_path)
