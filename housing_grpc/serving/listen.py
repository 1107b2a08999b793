"""Binds a server to its address: all of it, or not at all."""

import ipaddress
import socket
from contextlib import suppress

import grpc

from housing_grpc.base.errors import EXIT_PORT, StartError


def bind(
    server: grpc.Server, host: str, port: int, credentials: grpc.ServerCredentials | None = None
) -> int:
    """Binds every address that a host name has on this machine to one port.

    grpcio would be content with one of them, so that a second server on "localhost"
    would get what the first one left, without a word.

    Args:
        server: Not started yet.
        host: A name, an IPv4 address, or an IPv6 address with or without brackets.
        port: 0 for any that is free.
        credentials: For TLS, or None for none.

    Returns:
        The port.

    Raises:
        RuntimeError: The port is taken, or no address is this machine's.
    """
    for address in addresses(host):
        target = f"{address}:{port}"
        port = (
            server.add_insecure_port(target)
            if credentials is None
            else server.add_secure_port(target, credentials)
        )
    return port


def taken(host: str, port: int, settings: str) -> StartError:
    """Returns the error of a server whose port cannot be had.

    Args:
        host: As it was chosen.
        port: As it was chosen.
        settings: Those that choose another.
    """
    return StartError(
        f"cannot listen on {host}:{port}: the port is taken, or the address is not this "
        f"machine's; choose another with {settings}",
        EXIT_PORT,
    )


def addresses(host: str) -> list[str]:
    """Returns every address that a host name has on this machine, IPv6 in brackets."""
    with suppress(ValueError):
        return [f"[{host}]" if ipaddress.ip_address(host).version == 6 else host]
    with suppress(OSError):
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        own = {str(entry[4][0]): None for entry in found if _is_own(entry[0], entry[4])}
        return [f"[{address}]" if ":" in address else address for address in own] or [host]
    return [host]


def _is_own(family: socket.AddressFamily, address: tuple[object, ...]) -> bool:
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind((address[0], 0))
    except OSError:
        return False
    return True
