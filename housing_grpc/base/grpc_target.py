"""What is wrong with the address of a gRPC server, which gRPC itself tells as one that is down."""

import re

LOCAL_SCHEMES = ("unix", "unix-abstract", "vsock")
"""Those of addresses on this machine."""

_WITH_PORTS = ("", "dns", "ipv4", "ipv6")
_SCHEMES = (*_WITH_PORTS[1:], "xds", *LOCAL_SCHEMES)
_SCHEME = re.compile(rf"(?:({'|'.join(_SCHEMES)}):(?://[^/]*/)?)?(.*)", re.IGNORECASE | re.DOTALL)
_FOREIGN = re.compile(r"([a-z][a-z0-9+.-]*)://([^/]*)", re.IGNORECASE)
_ADDRESS = re.compile(r"(\[[^\]]*\]|[^:]*)(?::([^:]*))?")
_BLANK = re.compile(r"\s")
_PORT = re.compile(r"[0-9]{1,5}")
_USUAL_PORT = 50051
_HIGHEST_PORT = 65535


def parts(target: str) -> tuple[str, list[str]]:
    """Returns the scheme, "" if there is none, and the addresses of a target."""
    scheme, places = _SCHEME.findall(target)[0]
    return scheme.lower(), places.split(",")


def fault(target: str, *, tls: str) -> str | None:
    """Returns what is wrong with a target and what to write, or None.

    Args:
        target: Such as "localhost:50051", "[::1]:50051" or "dns:///prices.example:50051".
        tls: What has to be set for encryption, for those who wrote https.
    """
    if not target.isprintable():
        return "it holds a character that cannot be printed: write HOST:PORT"
    foreign = _FOREIGN.match(target)
    if foreign and foreign[1].lower() not in _SCHEMES:
        encrypted = f", and for encryption {tls}" if foreign[1].lower().endswith("s") else ""
        return f"write {_with_port(foreign[2])}, without {foreign[1]}://{encrypted}"
    scheme, places = parts(target)
    for place in places if scheme in _WITH_PORTS else ():
        found = _ADDRESS.fullmatch(place)
        if _BLANK.search(place):
            return "it holds a blank: write HOST:PORT"
        if found is None or found[2] is None:
            return f"there is no port: write {_with_port(place)}"
        if not found[1] or not _PORT.fullmatch(found[2]) or not 0 < int(found[2]) <= _HIGHEST_PORT:
            return f"write HOST:PORT, with a port from 1 to {_HIGHEST_PORT}"
    return None


def _with_port(place: str) -> str:
    found = _ADDRESS.fullmatch(place)
    if found is None:  # An address of IPv6.
        return f"[{place}]:{_USUAL_PORT}"
    return place if found[2] else f"{found[1] or 'HOST'}:{_USUAL_PORT}"
