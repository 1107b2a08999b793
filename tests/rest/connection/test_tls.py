"""TLS on both sides of the proxy, with certificates that are replaced while they are used."""

import logging
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from prometheus_client.parser import text_string_to_metric_families

from housing_grpc.base.options import OptionError
from housing_grpc.rest.server import RestServer
from housing_grpc.rest.settings import Settings
from tests.rest.answers import HOUSE, refused
from tests.rest.conftest import SECONDS, Loop, Start
from tests.support.certificates import Ca
from tests.support.client import Client
from tests.support.examples import Example
from tests.support.ports import held_port
from tests.support.processes import outcome
from tests.support.proxies import COMMAND
from tests.support.serving import housing_server

Pair = tuple[Path, Path]


@pytest.fixture
def ca(tmp_path: Path) -> Ca:
    return Ca(tmp_path)


@pytest.fixture
def shown(ca: Ca) -> Pair:
    """The certificate that a proxy shows."""
    return ca.issue("proxy")


@pytest.fixture
def https(loop: Loop, housing: Client, ca: Ca, shown: Pair) -> Iterator[httpx.Client]:
    """An HTTPS client of a proxy."""
    chosen = Settings(
        api_port=0, grpc_target=housing.address, api_grace_seconds=1.0,
        api_tls_cert_file=str(shown[0]), api_tls_key_file=str(shown[1]),
    )  # fmt: skip
    server = RestServer(chosen)
    trusting = ssl.create_default_context(cafile=str(ca.file))
    url = f"https://localhost:{server.port}"
    with (
        loop.running(server),
        httpx.Client(base_url=url, verify=trusting, timeout=SECONDS) as client,
    ):
        yield client


def serial(client: httpx.Client, ca: Ca) -> int:
    """Returns the number of the certificate that a new connection is shown."""
    trusting = ssl.create_default_context(cafile=str(ca.file))
    place = ("127.0.0.1", client.base_url.port or 0)
    with (
        socket.create_connection(place, timeout=SECONDS) as plain,
        trusting.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
    ):
        found = connection.getpeercert(binary_form=True)
    assert found is not None
    return x509.load_der_x509_certificate(found).serial_number


def number(file: Path) -> int:
    return x509.load_pem_x509_certificate(file.read_bytes()).serial_number


def expiry(client: httpx.Client) -> float:
    families = text_string_to_metric_families(client.get("/metrics").text)
    name = "housing_tls_certificate_expiry_timestamp_seconds"
    return next(family.samples[0].value for family in families if family.name == name)


def test_the_proxy_serves_https_and_nothing_else(https: httpx.Client) -> None:
    assert https.post("/predict", json=HOUSE).status_code == 200
    lines = https.post(
        "/v1/predict:stream", content=b'{"RM": 6}\n', headers={"content-type": "application/jsonl"}
    )
    assert "prediction" in lines.text
    with pytest.raises(httpx.TransportError):
        httpx.get(str(https.base_url).replace("https", "http"), timeout=SECONDS)
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(str(https.base_url), timeout=SECONDS)


def test_old_tls_is_refused(https: httpx.Client, ca: Ca) -> None:
    trusting = ssl.create_default_context(cafile=str(ca.file))
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        trusting.maximum_version = ssl.TLSVersion.TLSv1_1
    place = ("127.0.0.1", https.base_url.port or 0)
    with (
        socket.create_connection(place, timeout=SECONDS) as plain,
        pytest.raises((ssl.SSLError, ConnectionError)),
        trusting.wrap_socket(plain, server_hostname="127.0.0.1"),
    ):
        pass


def test_a_certificate_is_read_anew_when_it_changes(
    https: httpx.Client, ca: Ca, shown: Pair
) -> None:
    first = number(shown[0])
    assert serial(https, ca) == first
    ended = expiry(https)
    ca.issue("proxy", days=30)
    assert serial(https, ca) == number(shown[0]) != first
    assert expiry(https) == pytest.approx(ended + 29 * 86_400, abs=60)
    # A connection that is open goes on.
    assert https.post("/predict", json=HOUSE).status_code == 200


def test_what_cannot_be_used_changes_nothing(https: httpx.Client, ca: Ca, shown: Pair) -> None:
    first = number(shown[0])
    other, key = ca.issue("other")
    shutil.copy(other, shown[0])  # Its key is yet to come.
    assert serial(https, ca) == first
    shutil.copy(key, shown[1])
    assert serial(https, ca) == number(other)
    shown[0].unlink()
    shown[1].write_text("no key")
    assert serial(https, ca) == number(other)


def test_when_the_certificate_ends_is_told_with_https_alone(rest: httpx.Client) -> None:
    assert "housing_tls" not in rest.get("/metrics").text


def test_the_server_is_spoken_to_in_tls(
    linear: Example, ca: Ca, tmp_path: Path, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    certificate, key = map(str, ca.issue("server"))
    other = tmp_path / "other"
    other.mkdir()
    with ExitStack() as stack:
        server = housing_server(stack, linear.folder, tls_cert_file=certificate, tls_key_file=key)
        target = f"127.0.0.1:{server.port}"
        client = start(target, grpc_ca_file=str(ca.file))
        assert client.post("/predict", json=HOUSE).status_code == 200
        assert client.get("/health").json()["status"] == "SERVING"
        strangers: list[dict[str, object]] = [
            {}, {"grpc_tls": True}, {"grpc_ca_file": str(Ca(other).file)},
        ]  # fmt: skip
        logger = logging.getLogger("housing_grpc.rest")
        logger.addHandler(caplog.handler)
        logger.setLevel(logging.INFO)
        for tls in strangers:
            response = start(target, **tls).post("/predict", json=HOUSE)
            assert refused(response) == (503, "BACKEND_UNAVAILABLE", [])
        logger.removeHandler(caplog.handler)
        logger.setLevel(logging.NOTSET)
    # The caller need not know; the operator has to.
    assert "CERTIFICATE_VERIFY_FAILED" in str([vars(record) for record in caplog.records])


def test_a_server_by_another_name_is_not_the_server(
    linear: Example, ca: Ca, start: Start, stack: ExitStack
) -> None:
    certificate, key = map(str, ca.issue("server", hosts=("elsewhere.example",)))
    server = housing_server(stack, linear.folder, tls_cert_file=certificate, tls_key_file=key)
    client = start(f"127.0.0.1:{server.port}", grpc_ca_file=str(ca.file))
    assert refused(client.post("/predict", json=HOUSE))[:2] == (503, "BACKEND_UNAVAILABLE")


def test_a_certificate_is_shown_to_a_server_that_asks_for_one(
    linear: Example, ca: Ca, start: Start, stack: ExitStack
) -> None:
    certificate, key = map(str, ca.issue("server"))
    mine, secret = map(str, ca.issue("proxy"))
    server = housing_server(
        stack, linear.folder, tls_cert_file=certificate, tls_key_file=key,
        tls_client_ca_file=str(ca.file),
    )  # fmt: skip
    target = f"127.0.0.1:{server.port}"
    trusting = {"grpc_ca_file": str(ca.file)}
    client = start(target, **trusting, grpc_cert_file=mine, grpc_key_file=secret)
    assert client.post("/predict", json=HOUSE).status_code == 200
    response = start(target, **trusting).post("/predict", json=HOUSE)
    assert refused(response)[:2] == (503, "BACKEND_UNAVAILABLE")


def test_the_files_for_the_server_are_read_anew_when_they_change(
    linear: Example, tmp_path: Path, start: Start
) -> None:
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    old, new = Ca(tmp_path / "old"), Ca(tmp_path / "new")
    roots, mine, secret = (tmp_path / name for name in ("roots", "mine", "secret"))

    def take(ca: Ca) -> None:
        for source, place in zip((ca.file, *ca.issue("proxy")), (roots, mine, secret), strict=True):
            shutil.copy(source, place)

    def serve(ca: Ca) -> None:
        certificate, key = map(str, ca.issue("server"))
        housing_server(
            stack, linear.folder, grpc_port=port, tls_cert_file=certificate, tls_key_file=key,
            tls_client_ca_file=str(ca.file),
        )  # fmt: skip

    take(old)
    with held_port() as port, ExitStack() as stack:
        serve(old)
        client = start(
            f"127.0.0.1:{port}",
            grpc_ca_file=str(roots), grpc_cert_file=str(mine), grpc_key_file=str(secret),
        )  # fmt: skip
        assert client.post("/predict", json=HOUSE).status_code == 200
        for ca in (new, old, new):
            stack.close()
            serve(ca)
            assert client.post("/predict", json=HOUSE).status_code == 503
            take(ca)
            assert client.post("/predict", json=HOUSE).status_code == 200
        # What cannot be used is not taken.
        roots.write_text("nothing")
        assert client.post("/predict", json=HOUSE).status_code == 200


CASES = {
    "no certificate": ("API_TLS_CERT_FILE", {"api_tls_cert_file": "nowhere.pem"}),
    "no key": ("API_TLS_KEY_FILE", {"api_tls_key_file": "nowhere.key"}),
    "no PEM": ("API_TLS_CERT_FILE", {"api_tls_cert_file": "text"}),
    "another's key": ("API_TLS_CERT_FILE", {"api_tls_key_file": "other.key"}),
    "no roots": ("GRPC_CA_FILE", {"grpc_ca_file": "nowhere.pem"}),
    "roots that are none": ("GRPC_CA_FILE", {"grpc_ca_file": "text"}),
    "no certificate to show": ("GRPC_CERT_FILE", {"grpc_cert_file": "nowhere.pem"}),
    "another's key to show": ("GRPC_CERT_FILE", {"grpc_key_file": "other.key"}),
    "no key to show": ("GRPC_KEY_FILE", {"grpc_key_file": "nowhere.key"}),
}


@pytest.mark.parametrize(("named", "wrong"), CASES.values(), ids=CASES.keys())
def test_files_that_cannot_be_used_are_named(
    ca: Ca, tmp_path: Path, named: str, wrong: dict[str, str]
) -> None:
    pair = [path.name for path in ca.issue("mine")]
    ca.issue("other")
    (tmp_path / "text").write_text("text")
    files = dict(
        zip(
            ("api_tls_cert_file", "api_tls_key_file", "grpc_cert_file", "grpc_key_file"),
            pair * 2,
            strict=True,
        )
    )
    files = {**files, "grpc_ca_file": "ca.pem", **wrong}
    chosen = {name: str(tmp_path / file) for name, file in files.items()}
    with pytest.raises(OptionError, match=f"^{named}={tmp_path}/"):
        RestServer(Settings(api_port=0, **chosen))  # type: ignore[arg-type]


def test_a_key_with_a_password_is_refused_without_asking_for_it(tmp_path: Path) -> None:
    certificate, key = tmp_path / "c.pem", tmp_path / "k.pem"
    plain, secret = Ca(tmp_path).issue("mine")
    shutil.copy(plain, certificate)
    subprocess.run(
        ["openssl", "pkey", "-in", secret, "-aes256", "-passout", "pass:x", "-out", key],
        check=True,
    )
    ended = outcome([*COMMAND, "--api-tls-cert-file", certificate, "--api-tls-key-file", key])
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"error: API_TLS_CERT_FILE={certificate}: ")
