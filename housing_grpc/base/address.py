"""Addresses as settings name them: what is this machine's own, and how to reach a listener."""

import ipaddress
import re
from contextlib import suppress

# To whoever listens on every network, the shortest way is loopback.
_ANY = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - not bound

_HOST = re.compile(r"(\[[^\]]*\]|[^:]*)(?::\d*)?")


def name_in(host: str) -> str | None:
    """Returns the name or address in an HTTP header Host, without a port; None if it has none."""
    found = _HOST.fullmatch(host.strip().lower())
    return found[1].removesuffix(".") if found else None


def is_own_name(name: str) -> bool:
    """Whether a name, or an address, leads to this machine whatever a name server says."""
    return is_loopback(name) or name.endswith(".localhost")


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens on a host name or address."""
    with suppress(ValueError):
        return ipaddress.ip_address(_bare(host)).is_loopback
    return host.lower() == "localhost"


def is_ip(host: str) -> bool:
    """Whether a host is an address, such as 192.0.2.1 or [2001:db8::1], and no name."""
    try:
        ipaddress.ip_address(_bare(host))
    except ValueError:
        return False
    return True


def target(host: str, port: int) -> str:
    """Returns where this machine reaches what listens on a host and port."""
    bare = _ANY.get(_bare(host), _bare(host))
    return f"[{bare}]:{port}" if ":" in bare else f"{bare}:{port}"


def shown(host: str, port: int) -> str:
    """Returns the same for people: with the name localhost where that leads there."""
    reached = target(host, port)
    return f"localhost:{port}" if _bare(host) == "::" or reached == f"127.0.0.1:{port}" else reached


def _bare(host: str) -> str:
    return host.removeprefix("[").removesuffix("]")
