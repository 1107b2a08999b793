"""TLS and mTLS: who may connect, and certificates that change while the server runs."""

import base64
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import grpc
import pytest
from cryptography.hazmat.primitives import serialization
from grpc import StatusCode
from housing.v1.prediction_pb2 import House, PredictRequest

from housing_grpc.base.errors import EXIT_SETTINGS, StartError
from housing_grpc.server import HousingServer
from tests.support.certificates import Ca
from tests.support.client import SECONDS, Client, client_of, failure
from tests.support.examples import Example
from tests.support.processes import serving
from tests.support.serving import ALONE, Events, housing_server

HOUSE = PredictRequest(house=House(rm=6))
NEW = "new.example"

Dial = Callable[..., Client]


@pytest.fixture
def ca(tmp_path: Path) -> Ca:
    return Ca(tmp_path)


@pytest.fixture
def stranger(tmp_path: Path) -> Ca:
    """An authority that nobody trusts."""
    (tmp_path / "stranger").mkdir()
    return Ca(tmp_path / "stranger")


def credentials(ca: Ca, pair: tuple[Path, Path] | None = None) -> grpc.ChannelCredentials:
    certificate, key = (pair[0].read_bytes(), pair[1].read_bytes()) if pair else (None, None)
    return grpc.ssl_channel_credentials(ca.file.read_bytes(), key, certificate)


@contextmanager
def dialled(
    port: int, shown: grpc.ChannelCredentials | None, name: str = "localhost"
) -> Iterator[Client]:
    """Opens a connection of its own; the server has to be of that name."""
    options = (*ALONE, ("grpc.ssl_target_name_override", name))
    address = f"127.0.0.1:{port}"
    with (
        grpc.insecure_channel(address, ALONE)
        if shown is None
        else grpc.secure_channel(address, shown, options)
    ) as channel:
        yield client_of(channel, address)


@pytest.fixture
def started(linear: Example, stack: ExitStack) -> Callable[..., HousingServer]:
    def start(pair: tuple[Path, Path], client_ca: Path | None = None) -> HousingServer:
        return housing_server(
            stack,
            linear.folder,
            tls_cert_file=str(pair[0]),
            tls_key_file=str(pair[1]),
            tls_client_ca_file=str(client_ca or ""),
        )

    return start


Start = Callable[..., HousingServer]


def answered(client: Client) -> bool:
    return client.predictions.Predict(HOUSE, timeout=SECONDS).prediction > 0


def unavailable(client: Client) -> bool:
    return bool(failure(lambda: answered(client)).code == StatusCode.UNAVAILABLE.value[0])


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_with_the_right_authority(started: Start, ca: Ca, name: str) -> None:
    server = started(ca.issue("server"))
    with dialled(server.port, credentials(ca), name) as client:
        assert answered(client)


def test_in_plain_text(started: Start, ca: Ca) -> None:
    with dialled(started(ca.issue("server")).port, None) as client:
        assert unavailable(client)


def test_with_another_authority(started: Start, ca: Ca, stranger: Ca) -> None:
    with dialled(started(ca.issue("server")).port, credentials(stranger)) as client:
        assert unavailable(client)


def test_under_another_name(started: Start, ca: Ca) -> None:
    with dialled(started(ca.issue("server")).port, credentials(ca), "other.example") as client:
        assert unavailable(client)


def test_a_certificate_that_has_ended_is_refused_by_clients(started: Start, ca: Ca) -> None:
    with dialled(started(ca.issue("server", days=-1)).port, credentials(ca)) as client:
        assert unavailable(client)


def test_a_client_without_a_certificate_where_one_is_asked_for(started: Start, ca: Ca) -> None:
    server = started(ca.issue("server"), ca.file)
    with dialled(server.port, credentials(ca)) as client:
        assert unavailable(client)
    with dialled(server.port, credentials(ca, ca.issue("client"))) as client:
        assert answered(client)


def test_a_client_with_a_certificate_of_another_authority(
    started: Start, ca: Ca, stranger: Ca
) -> None:
    server = started(ca.issue("server"), ca.file)
    with dialled(server.port, credentials(ca, stranger.issue("client"))) as client:
        assert unavailable(client)


def test_a_client_whose_certificate_has_ended(started: Start, ca: Ca) -> None:
    server = started(ca.issue("server"), ca.file)
    with dialled(server.port, credentials(ca, ca.issue("client", days=-1))) as client:
        assert unavailable(client)


def test_new_connections_see_the_new_certificate_and_old_ones_go_on(
    started: Start, ca: Ca, events: Events
) -> None:
    server = started(ca.issue("server"))
    with dialled(server.port, credentials(ca)) as old:
        assert answered(old)
        ca.issue("server", hosts=(NEW,))
        with dialled(server.port, credentials(ca), NEW) as new:
            assert answered(new)
            assert answered(old)
        with dialled(server.port, credentials(ca)) as client:
            assert unavailable(client)
    assert len(events.of("tls.reloaded")) == 1


def test_other_client_authorities_count_from_the_next_connection(
    started: Start, ca: Ca, stranger: Ca
) -> None:
    server = started(ca.issue("server"), ca.file)
    pair = stranger.issue("client")
    with dialled(server.port, credentials(ca, pair)) as client:
        assert unavailable(client)
    trusted = credentials(ca, pair)
    ca.file.write_bytes(stranger.file.read_bytes())
    with dialled(server.port, trusted) as client:
        assert answered(client)


def broken_half(ca: Ca) -> None:
    """The certificate is new, the key is still the old one."""
    key = ca.file.with_name("server.key")
    before = key.read_bytes()
    ca.issue("server", hosts=(NEW,))
    key.write_bytes(before)


def of_no_version(file: Path) -> None:
    """Makes a certificate one of version 6, which there is not."""
    lines = file.read_text().splitlines()
    data = bytearray(base64.b64decode("".join(lines[1:-1])))
    data[data.index(b"\xa0\x03\x02\x01\x02") + 4] = 5
    content = base64.encodebytes(data).decode()
    file.write_text(f"{lines[0]}\n{content}{lines[-1]}\n")


BROKEN: dict[str, Callable[[Ca], object]] = {
    "no PEM": lambda ca: ca.file.with_name("server.pem").write_text("nothing"),
    "empty": lambda ca: ca.file.with_name("server.pem").write_text(""),
    "gone": lambda ca: ca.file.with_name("server.key").unlink(),
    "a key of another certificate": broken_half,
    "of no version": lambda ca: of_no_version(ca.file.with_name("server.pem")),
}


@pytest.mark.parametrize("break_it", BROKEN.values(), ids=list(BROKEN))
def test_files_that_are_broken_keep_the_old_certificate(
    started: Start, ca: Ca, events: Events, break_it: Callable[[Ca], object]
) -> None:
    server = started(ca.issue("server"))
    break_it(ca)
    for _ in range(3):
        with dialled(server.port, credentials(ca)) as client:
            assert answered(client)
    # Told once, not at every handshake.
    (kept,) = events.of("tls.kept")
    assert kept["reason"].startswith(("TLS_CERT_FILE=", "TLS_KEY_FILE="))
    ca.issue("server", hosts=(NEW,))
    with dialled(server.port, credentials(ca), NEW) as client:
        assert answered(client)


@pytest.mark.parametrize(("since", "days"), [(-30, -1), (1, 2)])
def test_a_certificate_of_another_time_is_warned_about(
    started: Start, ca: Ca, events: Events, since: int, days: int
) -> None:
    started(ca.issue("server", since=since, days=days))
    (told,) = events.of("tls.not_valid_today")
    assert told["setting"] == "TLS_CERT_FILE"
    assert told["begins"] < told["ends"]


def test_a_certificate_of_today_is_not_warned_about(started: Start, ca: Ca, events: Events) -> None:
    started(ca.issue("server"))
    assert not events.of("tls.not_valid_today")


def test_when_the_certificate_ends_is_a_metric(started: Start, ca: Ca) -> None:
    server = started(ca.issue("server", days=3))
    name = "housing_tls_certificate_expiry_timestamp_seconds"
    (before,) = server.metrics.state()[name][()]
    ca.issue("server", days=9)
    with dialled(server.port, credentials(ca)) as client:
        assert answered(client)
    (after,) = server.metrics.state()[name][()]
    assert round((after - before) / 86_400, 2) == 6


def encrypted(ca: Ca) -> tuple[Path, Path]:
    certificate, key = ca.issue("server")
    secret = serialization.load_pem_private_key(key.read_bytes(), None)
    key.write_bytes(
        secret.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"password"),
        )
    )
    return certificate, key


def test_a_key_with_a_password(started: Start, ca: Ca) -> None:
    with pytest.raises(StartError, match=r"has no password \(the key is encrypted\)") as caught:
        started(encrypted(ca))
    assert caught.value.exit_code == EXIT_SETTINGS


def test_client_authorities_that_are_none(started: Start, ca: Ca) -> None:
    pair = ca.issue("server")
    with pytest.raises(StartError, match="TLS_CLIENT_CA_FILE"):
        started(pair, pair[1])
    of_no_version(ca.file)
    with pytest.raises(StartError, match=r"TLS_CLIENT_CA_FILE=.* has to hold certificates"):
        started(pair, ca.file)


def test_a_file_that_is_not_there(started: Start, ca: Ca, tmp_path: Path) -> None:
    certificate, key = ca.issue("server")
    none = tmp_path / "none"
    for pair, roots, setting in (
        ((none, key), None, "TLS_CERT_FILE"),
        ((certificate, none), None, "TLS_KEY_FILE"),
        ((certificate, key), none, "TLS_CLIENT_CA_FILE"),
    ):
        with pytest.raises(StartError, match=f"^{setting}={none}: cannot be read: No such file"):
            started(pair, roots)


def test_a_key_of_another_certificate_ends_the_start(linear: Example, ca: Ca) -> None:
    certificate, _ = ca.issue("server")
    _, key = ca.issue("other")
    files = {"TLS_CERT_FILE": str(certificate), "TLS_KEY_FILE": str(key)}
    with serving(linear.folder, **files) as process:
        code, out, err = process.end()
    assert (code, out) == (EXIT_SETTINGS, "")
    assert err.startswith(f"error: TLS_CERT_FILE={certificate}: it and TLS_KEY_FILE have ")
    assert "KEY_VALUES_MISMATCH" in err
