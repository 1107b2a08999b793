"""A proxy in the environment, which is for the way out and not for this machine."""

import pytest

from clients.python.command import probe
from clients.python.target import is_loopback
from tests.clients.conftest import Connect

NOBODY = "http://127.0.0.1:9"


@pytest.mark.parametrize("name", ["grpc_proxy", "https_proxy", "http_proxy"])
def test_calls_to_this_machine_take_no_proxy(
    monkeypatch: pytest.MonkeyPatch, name: str, address: str, connect: Connect
) -> None:
    monkeypatch.setenv(name, NOBODY)
    port = address.rpartition(":")[2]
    assert connect(f"localhost:{port}").predict({"RM": 6.5}).price > 0


@pytest.mark.parametrize(
    "target",
    [
        "localhost:1",
        "127.0.0.1:1",
        "127.9.9.9:1",
        "[::1]:1",
        "dns:///LOCALHOST:1",
        "ipv4:127.0.0.1:1",
    ],
)
def test_this_machine(target: str) -> None:
    assert is_loopback(target)


@pytest.mark.parametrize(
    "target",
    ["localhost.example:1", "10.0.0.1:1", "ipv4:127.0.0.1:1,10.0.0.1:1", "unix:/localhost"],
)
def test_other_machines(target: str) -> None:
    assert not is_loopback(target)


def test_a_proxy_in_the_way_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", NOBODY)
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: [])
    assert probe.findings("housing.example:1", tls=False) == [
        "http_proxy is set, so calls take it; no_proxy=housing.example goes without"
    ]
    monkeypatch.setenv("no_proxy", "housing.example")
    assert probe.findings("housing.example:1", tls=False) == []
