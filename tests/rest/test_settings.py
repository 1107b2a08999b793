"""Where the proxy looks for the gRPC server."""

import os
import sys

import pytest

from housing_grpc.base.options import OptionError
from housing_grpc.rest import settings
from tests.support.processes import outcome


@pytest.mark.parametrize(
    ("variables", "target"),
    [
        ({}, "127.0.0.1:50051"),
        ({"GRPC_PORT": "", "GRPC_HOST": ""}, "127.0.0.1:50051"),
        ({"GRPC_PORT": "6000"}, "127.0.0.1:6000"),
        ({"GRPC_PORT": "0"}, "127.0.0.1:50051"),
        ({"GRPC_HOST": "0.0.0.0", "GRPC_PORT": "6000"}, "127.0.0.1:6000"),
        ({"GRPC_HOST": "::", "GRPC_PORT": "6000"}, "[::1]:6000"),
        ({"GRPC_HOST": "[::1]"}, "[::1]:50051"),
        ({"GRPC_HOST": "192.0.2.7"}, "192.0.2.7:50051"),
        ({"GRPC_HOST": "192.0.2.7", "GRPC_TARGET": "a:1"}, "a:1"),
        ({"GRPC_TARGET": "dns:///a:1"}, "dns:///a:1"),
    ],
)
def test_the_target_follows_the_servers_variables(variables: dict[str, str], target: str) -> None:
    assert settings.load([], variables).grpc_target == target


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("http://a:1", "write a:1, without http://$"),
        ("HTTPS://a:1", "write a:1, without HTTPS://, and for encryption set GRPC_TLS=true"),
        ("grpc://a:1", "write a:1, without grpc://"),
        ("a", "there is no port: write a:50051"),
    ],
)
def test_an_address_of_another_kind_is_refused(target: str, text: str) -> None:
    with pytest.raises(OptionError, match=f"^GRPC_TARGET='{target}': {text}"):
        settings.load(["--grpc-target", target], {})


@pytest.mark.parametrize("module", ["housing_grpc.rest", "housing_grpc.up"])
@pytest.mark.parametrize(("name", "value"), [("GRPC_TARGET", "http://a:1"), ("API_PORT", "99999")])
def test_nothing_starts_with_a_setting_that_is_wrong(module: str, name: str, value: str) -> None:
    ended = outcome([sys.executable, "-m", module], env={**os.environ, name: value})
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"error: {name}=")
    assert len(ended.stderr.splitlines()) == 1
