"""The probe for container health checks."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from housing_grpc import probe
from housing_grpc.errors import StartError
from housing_grpc.server import HousingServer
from housing_grpc.settings import Settings
from tests.certificates import make_ca
from tests.examples import Example
from tests.server.processes import started
from tests.server.wire import Client

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def deaf_port() -> Iterator[int]:
    """A port that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_server_that_serves(client: Client, capsys: Captured) -> None:
    assert probe.main([client.address]) == 0
    assert capsys.readouterr() == (f"{client.address}: SERVING\n", "")


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


def test_no_server(capsys: Captured) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
    assert probe.main([address]) == 1
    assert capsys.readouterr() == ("", f"{address}: UNAVAILABLE\n")


def test_something_that_never_answers(deaf_port: int, capsys: Captured) -> None:
    assert probe.main([f"127.0.0.1:{deaf_port}"]) == 1
    assert capsys.readouterr().err in (
        f"127.0.0.1:{deaf_port}: DEADLINE_EXCEEDED\n",
        f"127.0.0.1:{deaf_port}: UNAVAILABLE\n",
    )


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


def test_with_tls_it_asks_on_the_port_for_probes(
    linear: Example, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = map(str, make_ca(tmp_path).issue("server"))
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    monkeypatch.setenv("TLS_CERT_FILE", certificate)
    monkeypatch.setenv("TLS_KEY_FILE", key)
    chosen = Settings(
        grpc_port=0, health_port=port, bundle_dir=str(linear.folder),
        tls_cert_file=certificate, tls_key_file=key,
    )  # fmt: skip
    server = HousingServer(chosen)
    try:
        server.start()
        assert probe.main([]) == 1
        assert capsys.readouterr().err.startswith("error: TLS_CERT_FILE is set, and the probe")
        monkeypatch.setenv("HEALTH_PORT", str(port))
        assert probe.main([]) == 0
        assert capsys.readouterr().out == f"127.0.0.1:{port}: SERVING\n"
    finally:
        server.close(grace_seconds=0)


def test_a_setting_that_is_wrong_is_named(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRPC_PORT", "many")
    assert probe.main([]) == 1
    assert capsys.readouterr().err.startswith("error: GRPC_PORT='many'")


def test_as_a_command_it_finds_the_port_and_passes_by_a_proxy(client: Client) -> None:
    port = client.address.rpartition(":")[2]
    proxies = {"http_proxy": "http://127.0.0.1:9", "grpc_proxy": "http://127.0.0.1:9"}
    with started(["-m", "housing_grpc.probe"], GRPC_PORT=port, **proxies) as process:
        assert process.end() == (0, f"{client.address}: SERVING\n", "")
