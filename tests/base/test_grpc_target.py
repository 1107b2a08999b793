"""Addresses of servers: what is wrong with one, and what to write."""

import pytest

from housing_grpc.base import grpc_target


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("http://localhost:50051/", "write localhost:50051, without http://"),
        ("https://a", "write a:50051, without https://, and for encryption add --tls"),
        ("http://", "write HOST:50051, without http://"),
        ("localhost", "there is no port: write localhost:50051"),
        ("", "there is no port: write HOST:50051"),
        ("::1", "there is no port: write [::1]:50051"),
        ("[::1]", "there is no port: write [::1]:50051"),
        ("dns:///prices.example", "there is no port: write prices.example:50051"),
        ("ipv4:10.0.0.1:1,10.0.0.2", "there is no port: write 10.0.0.2:50051"),
        ("localhost:0", "write HOST:PORT, with a port from 1 to 65535"),
        ("localhost:65536", "write HOST:PORT, with a port from 1 to 65535"),
        ("localhost:\u0663", "write HOST:PORT, with a port from 1 to 65535"),
        ("localhost:5_0", "write HOST:PORT, with a port from 1 to 65535"),
        ("local host:1", "it holds a blank: write HOST:PORT"),
        (":50051", "write HOST:PORT, with a port from 1 to 65535"),
    ],
)
def test_what_is_no_address_is_told(target: str, text: str) -> None:
    assert grpc_target.fault(target, tls="add --tls") == text


@pytest.mark.parametrize(
    "target",
    [
        "localhost:1", "[::1]:65535", "dns:localhost:1", "DNS:///a:1", "dns://1.1.1.1:53/a:1",
        "ipv4:10.0.0.1:1,10.0.0.2:2", "ipv6:[::1]:1", "unix:/run/a:b.sock", "unix:///a", "xds:///a",
    ],
)  # fmt: skip
def test_an_address_of_grpc_is_fine(target: str) -> None:
    assert grpc_target.fault(target, tls="add --tls") is None
