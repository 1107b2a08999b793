"""The proxy in several processes."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from housing_grpc.base.options import OptionError
from housing_grpc.rest import settings
from tests.rest.answers import HOUSE
from tests.support.client import Client
from tests.support.processes import alive, outcome
from tests.support.proxies import COMMAND, calling, chunk, process
from tests.support.waiting import SECONDS, until

PROCESSES = 2

pytestmark = pytest.mark.skipif(not Path("/proc").exists(), reason="finds processes in /proc")


@contextmanager
def several(housing: Client) -> Iterator[tuple[subprocess.Popen[str], str]]:
    with process("--api-workers", str(PROCESSES), GRPC_TARGET=housing.address) as (running, url):
        yield running, url
        if running.poll() is None:
            running.terminate()
            running.wait(SECONDS)


def children(pid: int) -> set[int]:
    """Returns the processes that one has started, on any of its threads."""
    found = Path(f"/proc/{pid}/task").glob("*/children")
    return {int(each) for file in found for each in file.read_text().split()}


def ask(url: str) -> int:
    """Asks for a price, on a connection of its own."""
    return httpx.post(f"{url}/predict", json=HOUSE, timeout=SECONDS).status_code


def counted(url: str) -> float:
    """Returns how many prices were asked for, as whoever answers says."""
    text = httpx.get(f"{url}/metrics", timeout=SECONDS).text
    return sum(
        each.value
        for family in text_string_to_metric_families(text)
        for each in family.samples
        if each.name == "http_requests_total" and each.labels["route"] == "/predict"
    )


def test_each_answers_and_counts_for_all(housing: Client) -> None:
    with several(housing) as (running, url):
        both = children(running.pid)
        assert len(both) == PROCESSES
        for number, stopped in enumerate(both, 1):
            # Whoever answers now is another one.
            os.kill(stopped, signal.SIGSTOP)
            assert ask(url) == 200
            assert counted(url) == number
            os.kill(stopped, signal.SIGCONT)
        assert {counted(url) for _ in range(20)} == {PROCESSES}


def test_one_that_is_killed_is_replaced_and_costs_no_new_connection(housing: Client) -> None:
    with several(housing) as (running, url):
        first, second = children(running.pid)
        for victim in (first, second):
            before = children(running.pid)
            assert {ask(url) for _ in range(20)} == {200}
            os.kill(victim, signal.SIGKILL)
            assert {ask(url) for _ in range(20)} == {200}
            until(lambda before=before: len(children(running.pid) - before) == 1)  # type: ignore[misc]
        # Nothing that they had counted is lost.
        assert counted(url) == 80
        assert {ask(url) for _ in range(5)} == {200}
        assert counted(url) == 85


def test_a_connection_that_waits_is_not_lost_with_a_process(housing: Client) -> None:
    with several(housing) as (running, url):
        both = children(running.pid)
        for each in both:
            os.kill(each, signal.SIGSTOP)
        place = httpx.URL(url).host, httpx.URL(url).port or 0
        with socket.create_connection(place, timeout=SECONDS) as caller:
            caller.sendall(b"GET /docs HTTP/1.1\r\nhost: localhost\r\n\r\n")
            for each in both:
                os.kill(each, signal.SIGKILL)
            assert caller.recv(100).startswith(b"HTTP/1.1 200")


def test_a_stop_ends_streams_in_order_and_leaves_nothing(housing: Client) -> None:
    with (
        several(housing) as (running, url),
        httpx.Client(base_url=url) as client,
        calling(client, "transfer-encoding: chunked") as caller,
    ):
        both = children(running.pid)
        caller.sendall(chunk(json.dumps(HOUSE).encode() + b"\n"))
        response = HTTPResponse(caller)
        response.begin()
        assert json.loads(response.readline())["row"] == 0
        running.send_signal(signal.SIGTERM)
        answers = [json.loads(line) for line in response]
        assert running.wait(SECONDS) == 0
        assert running.stderr is not None
        log = running.stderr.read()
    assert [each["error"]["details"][0]["reason"] for each in answers] == ["STOPPING"]
    assert log.endswith("INFO rest.stopped\n")
    assert not any(alive(each) for each in both)


def test_none_outlives_the_supervisor(housing: Client) -> None:
    with several(housing) as (running, _):
        both = children(running.pid)
        running.kill()
        running.wait(SECONDS)
        until(lambda: not any(alive(each) for each in both))


@pytest.mark.parametrize(
    ("environment", "text"),
    [
        ({"API_WORKERS": "0"}, "^API_WORKERS='0': takes a whole number from 1 to 256, or auto$"),
        ({"API_WORKERS": "two"}, "^API_WORKERS='two': takes a whole number from 1 to 256, or"),
        (
            {"API_WORKERS": "4", "API_MAX_CONNECTIONS": "31"},
            "^API_WORKERS=4: each process takes 8 of API_MAX_CONNECTIONS=31 or more; set fewer",
        ),
    ],
)
def test_a_wrong_number_is_named(environment: dict[str, str], text: str) -> None:
    with pytest.raises(OptionError, match=text):
        settings.load([], environment)


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = outcome([*COMMAND, "--api-workers", "2", "--api-port", str(port)])
    assert ended.returncode == 3
    assert ended.stderr.startswith(f"error: cannot listen on 127.0.0.1:{port}: the port is taken")


def test_what_keeps_a_process_from_starting_ends_all_with_its_code(tmp_path: Path) -> None:
    refusal = "import os, sys\nif 'housing_grpc.rest.worker' in sys.orig_argv: os._exit(2)\n"
    (tmp_path / "sitecustomize.py").write_text(refusal)
    ended = outcome(
        [*COMMAND, "--api-workers", "2", "--api-port", "0"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    assert ended.returncode == 2
    assert "error: worker 1 ended as it started" in ended.stderr
