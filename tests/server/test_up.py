"""Both processes together: they start, stop and end as one."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from tests.rest.answers import HOUSE
from tests.support import waiting
from tests.support.certificates import Ca
from tests.support.examples import Example
from tests.support.ports import held_port
from tests.support.processes import alive, outcome
from tests.support.waiting import until

COMMAND = [sys.executable, "-m", "housing_grpc.up"]
KEY = {"x-api-key": "k1"}
SECONDS = waiting.SECONDS


@contextmanager
def up(example: Example, **variables: str) -> Iterator[tuple["subprocess.Popen[bytes]", str]]:
    """Gives the launcher, with both of its processes answering, and the proxy's address."""
    with ExitStack() as stack:
        grpc_port, api_port = (str(stack.enter_context(held_port())) for _ in range(2))
        chosen = {
            "BUNDLE_DIR": str(example.folder), "GRPC_PORT": grpc_port, "API_PORT": api_port,
            "DRAIN_SECONDS": "0", "API_CONNECT_TIMEOUT_SECONDS": "30", **variables,
        }  # fmt: skip
        url = f"http://127.0.0.1:{chosen['API_PORT']}"
        launcher = stack.enter_context(subprocess.Popen(COMMAND, env={**os.environ, **chosen}))
        try:
            until(lambda: predicts(url) or launcher.poll() is not None)
            yield launcher, url
        finally:
            if launcher.poll() is None:
                launcher.terminate()
                launcher.wait(SECONDS)


def is_healthy(url: str) -> bool:
    """Whether probes are told that it serves, which they are a moment after it does."""
    found = httpx.get(f"{url}/health", timeout=SECONDS).json()["status"]
    return bool(found == "SERVING")


def predicts(url: str) -> bool:
    try:
        return httpx.post(f"{url}/predict", json=HOUSE, headers=KEY, timeout=1).status_code == 200
    except httpx.TransportError:
        return False


def children(launcher: "subprocess.Popen[bytes]") -> dict[str, int]:
    """Returns the processes that a launcher has started, by their module."""
    listed = Path(f"/proc/{launcher.pid}/task/{launcher.pid}/children")
    if not listed.exists():
        pytest.skip("only Linux tells which processes another has started")
    pids = [int(word) for word in listed.read_text().split()]
    lines = {pid: Path(f"/proc/{pid}/cmdline").read_text().split("\0") for pid in pids}
    return {
        line[3]: pid
        for pid, line in lines.items()
        if line[2] == "housing_grpc.base.die_with_parent"
    }


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_both(linear: Example, number: signal.Signals) -> None:
    with up(linear) as (launcher, url):
        until(lambda: is_healthy(url))
        launcher.send_signal(number)
        assert launcher.wait(SECONDS) == 0
        assert not predicts(url)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8")
@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.2"])
def test_the_proxy_finds_the_server_where_it_listens(linear: Example, host: str) -> None:
    with up(linear, GRPC_HOST=host, API_KEY=KEY["x-api-key"]) as (_, url):
        until(lambda: is_healthy(url))


@pytest.mark.parametrize("module", ["housing_grpc", "housing_grpc.rest"])
def test_both_end_if_one_dies(linear: Example, module: str) -> None:
    with up(linear) as (launcher, url):
        found = children(launcher)
        os.kill(found[module], signal.SIGKILL)
        assert launcher.wait(SECONDS) == 128 + signal.SIGKILL
        assert not predicts(url)
        for pid in found.values():
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)


def test_both_end_if_the_launcher_is_killed(linear: Example) -> None:
    with up(linear) as (launcher, url):
        found = children(launcher)
        assert set(found) == {"housing_grpc", "housing_grpc.rest"}
        launcher.kill()
        assert launcher.wait(SECONDS) == -signal.SIGKILL
        until(lambda: not any(alive(pid) for pid in found.values()))
        assert not predicts(url)


def test_with_tls_the_proxy_knows_the_server(linear: Example, tmp_path: Path) -> None:
    ca = Ca(tmp_path)
    certificate, key = map(str, ca.issue("server"))
    variables = {
        "TLS_CERT_FILE": certificate, "TLS_KEY_FILE": key, "TLS_CLIENT_CA_FILE": str(ca.file),
        "GRPC_CA_FILE": str(ca.file), "GRPC_CERT_FILE": certificate, "GRPC_KEY_FILE": key,
    }  # fmt: skip
    with up(linear, **variables) as (_, url):
        until(lambda: predicts(url))


@pytest.mark.parametrize(
    ("variables", "text"),
    [
        ({"TLS_CERT_FILE": "c", "TLS_KEY_FILE": "k"}, "TLS_CERT_FILE is set: set GRPC_CA_FILE to"),
        ({"GRPC_CA_FILE": "c"}, "GRPC_CA_FILE or GRPC_TLS is set, but the server speaks no TLS"),
        (
            {
                "TLS_CERT_FILE": "c", "TLS_KEY_FILE": "k", "TLS_CLIENT_CA_FILE": "a",
                "GRPC_CA_FILE": "a",
            },
            "TLS_CLIENT_CA_FILE is set: set GRPC_CERT_FILE and GRPC_KEY_FILE",
        ),
        ({"API_HOST": "0.0.0.0"}, "API_HOST='0.0.0.0' serves other machines"),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_named(variables: dict[str, str], text: str) -> None:
    ended = outcome(COMMAND, env={**os.environ, **variables})
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"error: {text}")


def test_what_one_cannot_start_with_ends_both(linear: Example) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with up(linear, API_PORT=port) as (launcher, _):
            assert launcher.wait(SECONDS) == 3
    with up(linear, BUNDLE_DIR="/nowhere") as (launcher, _):
        assert launcher.wait(SECONDS) == 4


@pytest.mark.parametrize(("name", "value"), [("GRPC_PORT", "0"), ("GRPC_WORKERS", "many")])
def test_a_setting_that_is_wrong_is_named(name: str, value: str) -> None:
    ended = outcome(COMMAND, env={**os.environ, name: value})
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"error: {name}=")


@pytest.mark.parametrize(("flag", "code"), [("--help", 0), ("--workers=2", 2)])
def test_it_takes_no_flags(flag: str, code: int) -> None:
    command = [sys.executable, "-m", "housing_grpc.up", flag]
    ended = outcome(command)
    assert ended.returncode == code
    assert flag.partition("=")[0] in ended.stdout + ended.stderr


def test_outcomes_are_kept_in_the_home_unless_told_otherwise(
    linear: Example, tmp_path: Path
) -> None:
    with up(linear, HOUSING_HOME=str(tmp_path / "a home")) as (_, url):
        priced = httpx.post(f"{url}/predict?receipt=true", json=HOUSE, timeout=SECONDS).json()
        outcome_of = {"receipt": priced["receipt"], "actual": 24.0}
        body = {"items": [outcome_of]}
        answer = httpx.post(f"{url}/v1/feedback", json=body, timeout=SECONDS)
        assert answer.json() == {"results": [{"recorded": "RECORDED_NEW"}]}
        (live,) = httpx.get(f"{url}/v1/quality", timeout=SECONDS).json()["models"]
        assert live["live"]
        assert live["labels"] == 1
    file = tmp_path / "a home" / "feedback.db"
    assert file.stat().st_mode & 0o077 == 0
