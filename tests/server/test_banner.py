"""What a person reads when the server is up."""

from pathlib import Path
from typing import Any

import pytest

from housing_grpc import banner
from housing_grpc.rest import banner as rest_banner
from housing_grpc.rest.settings import Settings as ProxySettings
from housing_grpc.server import HousingServer
from housing_grpc.settings import Settings
from tests.support.examples import Example


def told(example: Example, port: int = 50051, **settings: Any) -> str:
    chosen = Settings(bundle_dir=str(example.folder), **settings)
    server = HousingServer(Settings(grpc_port=0, bundle_dir=str(example.folder)))
    try:
        return banner.text(chosen, port, server.start())
    finally:
        server.close(grace_seconds=0)


def test_without_a_key_nothing_is_said_of_one(linear: Example) -> None:
    text = told(linear)
    assert f"Serving housing-price-model version {linear.version} (linear, v1_median)" in text
    assert "metrics http://127.0.0.1:9464/metrics" in text
    assert "grpcurl -plaintext -d '" in text
    assert "export" not in text


@pytest.mark.parametrize("settings", [{"api_key": "canary"}, {"api_keys_file": "/keys"}])
def test_a_key_goes_into_the_variable_that_all_lines_read(
    linear: Example, settings: dict[str, Any]
) -> None:
    text = told(linear, **settings)
    assert "export API_KEY=..." in text
    assert 'grpcurl -plaintext -H "x-api-key: $API_KEY" -d' in text
    assert "canary" not in text


def test_with_tls_the_lines_name_the_files(linear: Example, tmp_path: Path) -> None:
    files: dict[str, Any] = {"tls_cert_file": str(tmp_path), "tls_key_file": str(tmp_path)}
    text = told(linear, **files)
    assert "export HOUSING_CA_FILE=" in text
    assert 'grpcurl -cacert "$HOUSING_CA_FILE" -d' in text
    assert "plaintext" not in text
    text = told(linear, **files, tls_client_ca_file=str(tmp_path))
    assert "export HOUSING_CERT_FILE=me.pem HOUSING_KEY_FILE=me.key" in text
    assert '-cert "$HOUSING_CERT_FILE" -key "$HOUSING_KEY_FILE"' in text


@pytest.mark.parametrize(
    ("host", "target"),
    [
        ("127.0.0.1", "localhost:50051"),
        ("localhost", "localhost:50051"),
        ("0.0.0.0", "localhost:50051"),
        ("::", "localhost:50051"),
        ("", "localhost:50051"),
        ("127.0.0.2", "127.0.0.2:50051"),
        ("::1", "[::1]:50051"),
        ("192.0.2.7", "192.0.2.7:50051"),
    ],
)
def test_the_address_that_is_listened_on_is_named(linear: Example, host: str, target: str) -> None:
    text = told(linear, grpc_host=host)
    assert f" on {target}\n" in text
    assert f"}}}}' {target} \\" in text
    assert (f"export HOUSING_TARGET={target}\n" in text) == (target != "localhost:50051")
    proxy = rest_banner.text(ProxySettings(api_host=host), 8000)
    assert f"curl http://{target.replace('50051', '8000')}/predict" in proxy


def test_another_port_is_told_to_the_other_terminal(linear: Example) -> None:
    assert "export HOUSING_TARGET=localhost:1234\n" in told(linear, port=1234)
    assert "metrics" not in told(linear, metrics_enabled=False)
