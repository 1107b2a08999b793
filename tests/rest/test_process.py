"""The proxy as a process: how it starts, what it says, how it stops."""

import json
import os
import re
import signal
import socket
import time
from contextlib import suppress
from pathlib import Path

import httpx
import msgspec
import pytest

from housing_grpc.base import options
from housing_grpc.rest import settings
from housing_grpc.rest.settings import Settings
from tests.rest.answers import HOUSE
from tests.rest.scripted import Scripted
from tests.support.client import Client
from tests.support.processes import outcome
from tests.support.proxies import COMMAND, process
from tests.support.waiting import SECONDS

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it(housing: Client, number: signal.Signals) -> None:
    with process("--grpc-target", housing.address) as (running, url):
        assert httpx.post(f"{url}/predict", json=HOUSE, timeout=SECONDS).status_code == 200
        running.send_signal(number)
        assert running.wait(SECONDS) == 0
        assert running.stderr is not None
        assert running.stderr.read().endswith("INFO rest.stopped\n")


def test_requests_in_flight_are_answered_before_it_stops(scripted: Scripted) -> None:
    with process(GRPC_TARGET=scripted.target) as (running, url):

        def answer(_data: bytes, _context: object) -> bytes:
            running.send_signal(signal.SIGTERM)
            _wait_until_refused(url)
            return b""

        scripted.answer = answer
        assert httpx.post(f"{url}/predict", json=HOUSE, timeout=SECONDS).status_code == 200
        assert running.wait(SECONDS) == 0


def _wait_until_refused(url: str) -> None:
    """Waits until nobody listens any more; who is only slow to accept still does."""
    parsed = httpx.URL(url)
    with suppress(ConnectionRefusedError):
        while True:
            socket.create_connection((parsed.host, parsed.port or 0), timeout=SECONDS).close()
            # Or else those that are not accepted yet would soon be too many.
            time.sleep(0.02)


def test_a_second_signal_ends_it_at_once(scripted: Scripted) -> None:
    def answer(_data: bytes, _context: object) -> bytes:
        scripted.ended.wait(SECONDS)
        return b""

    scripted.answer = answer
    with (
        process("--api-grace-seconds", "60", GRPC_TARGET=scripted.target) as (running, url),
        socket.create_connection((httpx.URL(url).host, httpx.URL(url).port or 0)) as caller,
    ):
        caller.sendall(
            b"POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
            b"content-length: 2\r\n\r\n{}"
        )
        assert scripted.called.wait(SECONDS)
        running.send_signal(signal.SIGTERM)
        _wait_until_refused(url)
        running.send_signal(signal.SIGTERM)
        assert running.wait(SECONDS) == 128 + signal.SIGTERM


def test_bytes_that_are_no_http_are_logged_like_all_else(housing: Client) -> None:
    with process("--log-format", "json", "--grpc-target", housing.address) as (running, url):
        with socket.create_connection((httpx.URL(url).host, httpx.URL(url).port or 0)) as caller:
            caller.sendall(b"\0\r\n\r\n")
            assert caller.recv(100).startswith(b"HTTP/1.1 400")
        assert running.stderr is not None
        line = json.loads(running.stderr.readline())
    assert (line["level"], line["event"]) == ("warning", "connection.closed")
    assert (line["reason"], line["open"]) == ("not_http", 1)


def test_it_holds_no_model_and_no_training_library(housing: Client) -> None:
    with process("--grpc-target", housing.address) as (running, url):
        assert httpx.post(f"{url}/predict", json=HOUSE, timeout=SECONDS).status_code == 200
        maps = Path(f"/proc/{running.pid}/maps")
        if not maps.exists():
            pytest.skip("only Linux tells which libraries a process holds")
        assert not re.search(
            r"/(numpy|onnxruntime|sklearn|pandas|xgboost|mlflow)", maps.read_text()
        )


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (
            ["--api-port", "99999"],
            2,
            "error: --api-port='99999': takes a whole number from 0 to 65535\n",
        ),
        (
            ["--api-max-batch-rows", "0"],
            2,
            "error: --api-max-batch-rows='0': takes a whole number from 1 to 1000000\n",
        ),
        (
            ["--api-host", "192.0.2.1", "--allow-unauthenticated", "true"],
            3,
            "error: cannot listen on 192.0.2.1:",
        ),
    ],
)
def test_what_cannot_start_says_why(arguments: list[str], code: int, text: str) -> None:
    ended = outcome([*COMMAND, *arguments])
    assert (ended.returncode, ended.stdout) == (code, "")
    assert ended.stderr.startswith(text)


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = outcome(COMMAND, env={**os.environ, "API_PORT": str(port)})
    assert ended.returncode == 3
    assert ended.stderr.startswith(f"error: cannot listen on 127.0.0.1:{port}: the port is taken")


def test_every_setting_is_documented_with_its_default() -> None:
    ended = outcome([*COMMAND, "--help"], check=True)
    told = " ".join(ended.stdout.split())
    example = (ROOT / ".env.example").read_text()
    for field in msgspec.structs.fields(Settings):
        default = field.default if field.default != "" else "none"
        assert f"[{field.name.upper()}; default: {default}]" in told
        assert f"\n#{field.name.upper()}={_plain(field.default)}\n" in example


def _plain(default: object) -> str:
    if isinstance(default, bool):
        return str(default).lower()
    return f"{default:g}" if isinstance(default, float) else str(default)


def test_a_flag_goes_before_a_variable() -> None:
    environment = {"API_PORT": "1", "GRPC_TARGET": "a:1", "API_HOST": ""}
    chosen = settings.load(["--api-port", "2"], environment)
    assert (chosen.api_port, chosen.grpc_target, chosen.api_host) == (2, "a:1", "127.0.0.1")


def test_a_variable_that_is_wrong_is_named() -> None:
    with pytest.raises(options.OptionError, match=r"^LOG_FORMAT='xml': takes json or text$"):
        settings.load([], {"LOG_FORMAT": "xml"})


OPEN = "API_HOST='0.0.0.0' serves other machines, and callers need no key: set API_KEY"


@pytest.mark.parametrize(
    "target",
    [
        "", "localhost:1", "127.0.0.1:1", "[::1]:1", "0.0.0.0:1", "[::]:1", "unix:a",
        "unix:///a", "dns:///localhost:1", "dns:127.0.0.1:1", "ipv4:10.0.0.1:1,127.0.0.1:1",
        "ipv6:[::1]:1",
    ],
)  # fmt: skip
def test_a_server_that_is_closed_to_the_network_is_not_opened_to_it(target: str) -> None:
    environment = {"API_HOST": "0.0.0.0", "GRPC_TARGET": target}
    with pytest.raises(options.OptionError, match=OPEN):
        settings.load([], environment)
    for more in ({"API_KEY": "k"}, {"API_KEYS_FILE": "f"}, {"ALLOW_UNAUTHENTICATED": "true"}):
        assert settings.load([], environment | more).api_host == "0.0.0.0"


@pytest.mark.parametrize("target", ["server:1", "10.0.0.1:1", "[fe80::1]:1", "dns:///server:1"])
def test_a_server_elsewhere_says_itself_whom_it_serves(target: str) -> None:
    environment = {"API_HOST": "0.0.0.0", "GRPC_TARGET": target}
    assert settings.load([], environment).grpc_target == target
    # It would take the proxy's certificate for that of every caller.
    shown = {"GRPC_CA_FILE": "a", "GRPC_CERT_FILE": "c", "GRPC_KEY_FILE": "k"}
    with pytest.raises(options.OptionError, match=OPEN):
        settings.load([], environment | shown)


@pytest.mark.parametrize(
    ("environment", "text"),
    [
        ({"API_TLS_CERT_FILE": "c"}, "^API_TLS_CERT_FILE and API_TLS_KEY_FILE go together"),
        ({"API_TLS_KEY_FILE": "k"}, "^API_TLS_CERT_FILE and API_TLS_KEY_FILE go together"),
        ({"GRPC_CERT_FILE": "c"}, "^GRPC_CERT_FILE and GRPC_KEY_FILE go together"),
        ({"GRPC_CERT_FILE": "c", "GRPC_KEY_FILE": "k"}, "^GRPC_CERT_FILE needs TLS"),
        ({"API_ALLOWED_ORIGINS": "a.example"}, "^API_ALLOWED_ORIGINS='a.example': 'a.ex"),
        ({"API_ALLOWED_HOSTS": "https://a"}, "^API_ALLOWED_HOSTS='https://a': write each as"),
        ({"API_ALLOWED_HOSTS": "a.example, b:80"}, "^API_ALLOWED_HOSTS='a.example, b:80': write"),
        ({"API_ALLOWED_ORIGINS": "https://b, https://a/b"}, ": 'https://a/b' is no origin; write"),
        ({"API_ALLOWED_ORIGINS": "*"}, "'\\*' is no origin"),
        ({"API_ALLOWED_ORIGINS": "null"}, "'null' is no origin"),
        ({"API_ALLOWED_ORIGINS": "https://*.example"}, "is no origin"),
        ({"API_ALLOWED_ORIGINS": "https://h\xe4user.example"}, "is no origin"),
        ({"API_ALLOWED_ORIGINS": "https://a:0"}, "is no origin"),
    ],
)
def test_what_does_not_fit_together_is_named(environment: dict[str, str], text: str) -> None:
    with pytest.raises(options.OptionError, match=text):
        settings.load([], environment)


def test_a_key_in_the_environment_is_never_read() -> None:
    assert "canary" not in str(settings.load([], {"API_KEY": "canary"}))
