"""Addresses: what is one, and what is told of those where no server answers."""

import sys

import pytest

from clients.python import AsyncHousingClient, HousingClient
from clients.python.command.main import main
from tests.support.processes import outcome

Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("", "the target is empty; give HOST:PORT"),
        ("localhost:99999", "has the port '99999'; there are 1 to 65535"),
        ("localhost:0", "has the port '0'"),
        ("localhost:\u0663", "has the port"),
        ("[::1]:x", "has the port 'x'"),
        ("dns:///prices.example:70000", "has the port '70000'"),
        ("ipv4:127.0.0.1:1,127.0.0.1:65536", "has the port '65536'"),
        ("http://localhost:50051/", "write localhost:50051, and for encryption tls=True"),
        ("https://prices.example", "write prices.example:50051, and for encryption tls=True"),
        ("localhost", "the target 'localhost' has no port; write localhost:50051"),
        ("::1", "has no port; write [::1]:50051"),
        ("dns:///prices.example", "has no port; write prices.example:50051"),
        ("ipv4:127.0.0.1:1,127.0.0.1", "has no port; write 127.0.0.1:50051"),
        ("local host:1", "is no address"),
        (":50051", "is no address"),
    ],
)
def test_an_address_that_is_none_is_told_at_once(target: str, text: str, capsys: Capture) -> None:
    for kind in (HousingClient, AsyncHousingClient):
        with pytest.raises(ValueError, match=r"^the target") as refused:
            kind(target)
        assert text in str(refused.value)
    with pytest.raises(SystemExit) as caught:
        main(["info", "--target", target])
    assert caught.value.code == 2
    assert text in capsys.readouterr().err


@pytest.mark.parametrize(
    "target",
    [
        "localhost:1", "[::1]:1", "dns:localhost:1", "dns:///localhost:1",
        "dns://127.0.0.1:53/localhost:1", "ipv4:127.0.0.1:1,127.0.0.1:2", "ipv6:[::1]:1",
        "unix:/run/a:b.sock", "unix:///run/housing.sock", "xds:///prices",
    ],
)  # fmt: skip
def test_an_address_of_gRPC_is_taken(target: str) -> None:  # noqa: N802 - its name
    HousingClient(target).close()


def test_every_address_that_was_tried_is_told(free_port: int) -> None:
    command = [sys.executable, "-m", "clients.python", "info", "--target"]
    job = outcome([*command, f"localhost:{free_port}", "--tls"])
    assert job.returncode == 3
    error, *tried = job.stderr.splitlines()
    assert error.startswith("error: localhost:")
    assert f"  127.0.0.1:{free_port}: connection refused" in tried
