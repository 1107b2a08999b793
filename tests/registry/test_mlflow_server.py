"""An MLflow server that is asked without MLflow."""

import base64
import json
import ssl
from pathlib import Path

import pytest

from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.model.source import Target
from housing_grpc.registry.mlflow_http import MlflowHttp
from tests.registry.asking import SECONDS, VERSION, WANTED, find, source_of
from tests.registry.hostile_registry import Registry, answered
from tests.support.certificates import Ca
from tests.support.errors import raised
from tests.support.examples import MODEL_NAME


@pytest.mark.parametrize(
    ("variables", "header", "expected"),
    [
        ({"MLFLOW_TRACKING_TOKEN": "t"}, "authorization", "Bearer t"),
        (
            {"MLFLOW_TRACKING_USERNAME": "ü", "MLFLOW_TRACKING_PASSWORD": "p:w"},
            "authorization",
            f"Basic {base64.b64encode('ü:p:w'.encode()).decode()}",
        ),
        ({"MLFLOW_WORKSPACE": "team"}, "x-mlflow-workspace", "team"),
        ({}, "accept-encoding", "identity"),
        ({}, "authorization", None),
    ],
)
def test_a_server_is_told_who_asks(
    registry: Registry, variables: dict[str, str], header: str, expected: str | None
) -> None:
    assert find(registry.uri, WANTED, **variables) == VERSION
    assert registry.heard[-1].get(header) == expected


def test_user_and_password_may_stand_in_the_address_or_in_mlflows_file(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find(registry.uri.replace("//", "//user:pass%40word@"))
    expected = base64.b64encode(b"user:pass@word").decode()
    assert registry.heard[-1]["authorization"] == f"Basic {expected}"
    (tmp_path / ".mlflow").mkdir()
    (tmp_path / ".mlflow" / "credentials").write_text(
        "[mlflow]\nmlflow_tracking_username = user\nmlflow_tracking_password = pass%word\n"
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    find(registry.uri)
    expected = base64.b64encode(b"user:pass%word").decode()
    assert registry.heard[-1]["authorization"] == f"Basic {expected}"


def test_a_server_with_a_certificate(registry: Registry, tmp_path: Path) -> None:
    pair = Ca(tmp_path).issue("server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    registry.socket = context.wrap_socket(registry.socket, server_side=True)
    uri = registry.uri.replace("http:", "https:")
    assert find(uri, MLFLOW_TRACKING_SERVER_CERT_PATH=str(tmp_path / "ca.pem")) == VERSION
    error = raised(ServingError, find, uri)
    assert (error.reason, error.message) == (
        Reason.REGISTRY_UNAVAILABLE, "the registry does not answer (SSLError)"
    )  # fmt: skip


@pytest.mark.parametrize(
    "variable",
    ["MLFLOW_TRACKING_SERVER_CERT_PATH", "REQUESTS_CA_BUNDLE", "MLFLOW_TRACKING_CLIENT_CERT_PATH"],
)
def test_a_file_for_tls_that_is_not_there(registry: Registry, variable: str) -> None:
    uri = registry.uri.replace("http:", "https:")
    error = raised(ServingError, find, uri, **{variable: "/nowhere/ca.pem"})
    assert error.message == "the registry does not answer (OSError)"


@pytest.mark.parametrize("exempt", ["", "127.0.0.0/8,x", "10.0.0.0/8"])
def test_loopback_goes_past_any_proxy(registry: Registry, exempt: str) -> None:
    found = find(registry.uri, http_proxy="http://127.0.0.1:1", no_proxy=exempt)
    assert found == VERSION


def test_others_go_by_the_proxy_unless_their_network_is_exempt(registry: Registry) -> None:
    """The registry stands in for a proxy: it answers whatever host is asked for."""
    other = "http://192.0.2.7:80"
    assert find(other, http_proxy=registry.uri) == VERSION
    assert registry.heard[-1]["host"] == "192.0.2.7:80"
    server = MlflowHttp(other, SECONDS, {"HTTP_PROXY": registry.uri, "NO_PROXY": "192.0.2.0/24"})
    assert server.proxies() == {}


ABSENT = json.dumps({"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "secret"}).encode()
HTML = b"<html>"
LARGE = json.dumps({"model_version": answered("x" * 2**22)}).encode()
DEEP = b'{"model_version": ' + b"[" * 100_000


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((404, {}, ABSENT), f"model '{MODEL_NAME}' has no alias 'production'; "),
        ((404, {}, HTML), "the registry does not answer (not as MLflow does)"),
        ((401, {}, HTML), "the registry does not answer (HTTP 401)"),
        ((500, {}, HTML), "the registry does not answer (HTTP 500)"),
        ((302, {"Location": "http://127.0.0.1:1/"}, b""), "the registry does not answer (HTTP 302"),
        ((200, {}, LARGE), "the registry does not answer (more than 4194304 bytes)"),
        ((200, {}, DEEP), "the registry does not answer (not as MLflow does)"),
        ((200, {"Content-Encoding": "gzip"}, b"{}"), "the registry does not answer (it packs "),
        ((200, {}, b"[]"), "the registry does not answer (not as MLflow does)"),
        ((200, {}, b"{}"), "the registry does not answer (not as MLflow does)"),
        ((404, {}, b'{"error_code": []}'), "the registry does not answer (HTTP 404)"),
        ((200, {}, b'{"model_version": 3}'), "the registry does not answer (not as MLflow does)"),
        ((200, {}, b'{"model_version": {"name": "x", "version": 2}}'), "the registry answers with"),
    ],
)
def test_what_a_server_may_answer(
    registry: Registry, answer: tuple[int, dict[str, str], bytes], message: str
) -> None:
    registry.answer = answer
    error = raised(ServingError, find, registry.uri)
    assert error.message.startswith(message)


def test_a_place_that_leaves_the_store_is_refused(registry: Registry, tmp_path: Path) -> None:
    registry.artifact_uri = "mlflow-artifacts:/../../other"
    error = raised(ServingError, source_of(registry.uri, tmp_path).fetch, Target())
    assert error.reason is Reason.BUNDLE_UNSAFE
