"""What is wrong with the address of a server, before gRPC makes something else of it."""

import ipaddress
import re

_EXAMPLE = "give HOST:PORT, such as localhost:50051"

# Those of gRPC; what a dns: address has before its last slash is the name server.
_SCHEMES = frozenset({"dns", "ipv4", "ipv6", "unix", "unix-abstract", "vsock", "xds", "google-c2p"})
_WITH_PORTS = frozenset({"", "dns", "ipv4", "ipv6"})
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(//)?")
_HIGHEST_PORT = 65535
_USUAL_PORT = 50051


def check_target(target: str) -> str:
    """Checks the address of a server.

    Args:
        target: Such as "localhost:50051", "[::1]:50051", "dns:///prices.example:443"
            or "unix:/run/housing.sock".

    Returns:
        The same.

    Raises:
        ValueError: It is none; the message says why.
    """
    if not target or not target.strip():
        raise ValueError(f"the target is empty; {_EXAMPLE}")
    if not target.isprintable():
        raise ValueError(f"the target {target!r} holds what cannot be printed; {_EXAMPLE}")
    scheme, rest = _parts(target)
    if scheme and scheme not in _SCHEMES:
        address = _with_port(rest.partition("/")[0] or "HOST")
        raise ValueError(
            f"the target {target!r} has a scheme that gRPC does not know; write {address}, and "
            "for encryption tls=True (to the command: --tls)"
        )
    if scheme in _WITH_PORTS:
        for address in rest.rpartition("/")[2].split(","):
            _check_address(target, address)
    return target


def host_and_port(target: str) -> tuple[str, str | None]:
    """Returns where a name or address leads; no host for what is neither."""
    scheme, rest = _parts(target)
    return _split(rest.rpartition("/")[2]) if scheme in {"", "dns"} else ("", None)


def is_loopback(target: str) -> bool:
    """Returns whether every address of a target is on this machine, whatever a name server says."""
    scheme, rest = _parts(target)
    addresses = rest.rpartition("/")[2].split(",")
    return scheme in _WITH_PORTS and all(_is_loopback(_split(each)[0]) for each in addresses)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _parts(target: str) -> tuple[str, str]:
    found = _SCHEME.match(target)
    if found and (found[1] in _SCHEMES or found[2]):
        return found[1], target[found.end() :]
    return "", target


def _check_address(target: str, address: str) -> None:
    host, port = _split(address)
    if not host or re.search(r"\s", address):
        raise ValueError(f"the target {target!r} is no address; {_EXAMPLE}")
    if port is None:
        raise ValueError(f"the target {target!r} has no port; write {_with_port(address)}")
    is_number = port.isascii() and port.isdigit() and len(port) < 6
    if not (is_number and 1 <= int(port) <= _HIGHEST_PORT):
        raise ValueError(f"the target {target!r} has the port {port!r}; there are 1 to 65535")


def _with_port(address: str) -> str:
    host, port = _split(address)
    bracketed = f"[{host}]" if ":" in host else host
    return f"{bracketed}:{port or _USUAL_PORT}"


def _split(address: str) -> tuple[str, str | None]:
    """Returns host and port; an IPv6 address without brackets has no port."""
    if address.startswith("["):
        host, _, rest = address[1:].partition("]")
        return host, rest[1:] if rest.startswith(":") else None
    if address.count(":") != 1:
        return address, None
    host, _, port = address.partition(":")
    return host, port
