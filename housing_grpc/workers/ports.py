"""Keeps a port for the workers alone, which listen on it together."""

import ipaddress
import socket
from contextlib import ExitStack

from housing_grpc.serving import listen

_V4_ANY = "0.0.0.0"  # noqa: S104 - compared with
_V6_ANY = "[::]"


class SharedPort:
    """A port on every address of a host; nobody else may listen there until it is closed.

    SO_REUSEPORT alone would let workers join whoever has the port already, and others join
    them. So the port is taken without it once, which fails if anybody has it, and then kept
    by sockets that do not listen, but with which no server without SO_REUSEPORT can share.

    Args:
        host: A name, an IPv4 address, or an IPv6 address with or without brackets.
        port: 0 for any that is free.
        settings: Those that choose another, for the error.

    Raises:
        StartError: The port is taken, or no address is this machine's.
    """

    def __init__(self, host: str, port: int, settings: str) -> None:
        self._held = ExitStack()
        try:
            self.number = self._take(host, port)
        except OSError as error:
            self._held.close()
            raise listen.taken(host, port, settings) from error

    def close(self) -> None:
        """Lets others have the port."""
        self._held.close()

    def _take(self, host: str, port: int) -> int:
        for address in _addresses(host):
            port = _unused(address, port)
            self._held.enter_context(_placeholder(address, port))
        return port


def _addresses(host: str) -> list[str]:
    found = listen.addresses(host)
    # gRPC takes either of these for both.
    if set(found) & {_V4_ANY, _V6_ANY}:
        return [_V6_ANY if socket.has_dualstack_ipv6() else _V4_ANY]
    return found


def _unused(address: str, port: int) -> int:
    """Returns the port, if nobody has it, which only listening reveals."""
    with _socket(address) as probe:
        probe.bind((_plain(address), port))
        probe.listen()
        number: int = probe.getsockname()[1]
        return number


def _placeholder(address: str, port: int) -> socket.socket:
    made = _socket(address)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.bind((_plain(address), port))
        # With it, another supervisor that is about to start would not notice.
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
    except OSError:
        made.close()
        raise
    return made


def _socket(address: str) -> socket.socket:
    plain = _plain(address)
    is_v6 = ":" in plain
    made = socket.socket(socket.AF_INET6 if is_v6 else socket.AF_INET, socket.SOCK_STREAM)
    # Or else the connections of a server before would be in the way for a minute.
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if is_v6:
        any_v6 = ipaddress.ip_address(plain).is_unspecified
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(not any_v6))
    return made


def _plain(address: str) -> str:
    return address.removeprefix("[").removesuffix("]")
