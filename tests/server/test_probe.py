"""The probe for container health checks."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from housing_grpc import probe
from housing_grpc.base.errors import StartError
from housing_grpc.server import HousingServer
from housing_grpc.settings import Settings
from tests.support.black_holes import accepting
from tests.support.certificates import Ca
from tests.support.client import SECONDS, Client
from tests.support.examples import Example
from tests.support.ports import held_port
from tests.support.processes import started
from tests.support.serving import housing_server

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A probe that waits longer than its two seconds, which a busy machine may take."""
    monkeypatch.setattr(probe, "_SECONDS", SECONDS)


@pytest.fixture
def kept_port() -> Iterator[int]:
    """A port that is free for a server of ours, and given to nobody else meanwhile."""
    with held_port() as port:
        yield port


@pytest.fixture
def deaf_port() -> Iterator[int]:
    """A port that accepts connections and never answers."""
    with accepting() as port:
        yield port


@pytest.mark.usefixtures("patient")
def test_a_server_that_serves(client: Client, capsys: Captured) -> None:
    assert probe.main([client.address]) == 0
    assert capsys.readouterr() == (f"{client.address}: SERVING\n", "")


@pytest.mark.usefixtures("patient")
def test_a_server_without_a_model(tmp_path: Path, capsys: Captured) -> None:
    server = HousingServer(Settings(grpc_port=0, bundle_dir=str(tmp_path / "nothing")))
    with pytest.raises(StartError):
        server.start()
    address = f"127.0.0.1:{server.port}"
    try:
        assert probe.main([address]) == 1
        assert capsys.readouterr() == (f"{address}: NOT_SERVING\n", "")
    finally:
        server.close(grace_seconds=0)


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("target", ["http://localhost:50051", "localhost"])
def test_an_address_that_is_none(target: str, capsys: Captured) -> None:
    assert probe.main([target]) == 1
    assert "write localhost:50051" in capsys.readouterr().err


def test_no_server(kept_port: int, capsys: Captured) -> None:
    address = f"127.0.0.1:{kept_port}"
    assert probe.main([address]) == 1
    assert capsys.readouterr() == ("", f"{address}: UNAVAILABLE\n")


def test_something_that_never_answers(deaf_port: int, capsys: Captured) -> None:
    assert probe.main([f"127.0.0.1:{deaf_port}"]) == 1
    assert capsys.readouterr().err in (
        f"127.0.0.1:{deaf_port}: DEADLINE_EXCEEDED\n",
        f"127.0.0.1:{deaf_port}: UNAVAILABLE\n",
    )


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize(
    ("host", "asked"),
    [
        ("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("::1", "[::1]"), ("[::1]", "[::1]"),
        ("127.0.0.2", "127.0.0.2"), ("localhost", "localhost"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("health_port", ["", "2"])
def test_it_asks_where_the_server_listens(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch,
    host: str, asked: str, health_port: str,
) -> None:  # fmt: skip
    variables = {"GRPC_HOST": host, "GRPC_PORT": "1", "HEALTH_PORT": health_port, "API_KEY": "k"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert probe.main([]) == 1
    assert capsys.readouterr().err == f"{asked}:{health_port or 1}: UNAVAILABLE\n"


@pytest.mark.usefixtures("patient")
def test_with_tls_it_asks_on_the_port_for_probes(
    linear: Example, tmp_path: Path, kept_port: int, capsys: Captured,
    *, monkeypatch: pytest.MonkeyPatch, stack: ExitStack,
) -> None:  # fmt: skip
    certificate, key = map(str, Ca(tmp_path).issue("server"))
    monkeypatch.setenv("TLS_CERT_FILE", certificate)
    monkeypatch.setenv("TLS_KEY_FILE", key)
    housing_server(
        stack, linear.folder, health_port=kept_port, tls_cert_file=certificate, tls_key_file=key
    )
    assert probe.main([]) == 1
    assert capsys.readouterr().err.startswith("error: TLS_CERT_FILE is set, and the probe")
    monkeypatch.setenv("HEALTH_PORT", str(kept_port))
    assert probe.main([]) == 0
    assert capsys.readouterr().out == f"127.0.0.1:{kept_port}: SERVING\n"


def test_a_setting_that_is_wrong_is_named(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRPC_PORT", "many")
    assert probe.main([]) == 1
    assert capsys.readouterr().err.startswith("error: GRPC_PORT='many'")


def test_as_a_command_it_exits_with_the_code() -> None:
    with started(["-m", "housing_grpc.probe"], GRPC_PORT="many") as process:
        code, out, err = process.end()
    assert (code, out) == (1, "")
    assert err.startswith("error: GRPC_PORT='many'")


# The command, but for its two seconds, which a busy machine may take.
PATIENT = """
import sys
from housing_grpc import probe
probe._SECONDS = 30
sys.exit(probe.main(sys.argv[1:]))
"""


def test_as_a_process_it_finds_the_port_and_passes_by_a_proxy(client: Client) -> None:
    port = client.address.rpartition(":")[2]
    proxies = {"http_proxy": "http://127.0.0.1:9", "grpc_proxy": "http://127.0.0.1:9"}
    # What gRPC itself may print is not looked at.
    with started(["-c", PATIENT], GRPC_PORT=port, GRPC_VERBOSITY="NONE", **proxies) as process:
        assert process.end() == (0, f"{client.address}: SERVING\n", "")
