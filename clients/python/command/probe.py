"""Why no server answers, address by address: gRPC reports the trouble with the last one alone."""

import socket
import ssl
from contextlib import suppress
from urllib.request import getproxies_environment, proxy_bypass

from ..connection import Tls, TlsChoice
from ..target import host_and_port, is_loopback

_SECONDS = 2.0
_MOST_ADDRESSES = 4


def findings(target: str, tls: TlsChoice) -> list[str]:
    """Tries all addresses of a target without gRPC; returns one line for each.

    Args:
        target: As it was given.
        tls: How its server was to be spoken to.
    """
    host, port = host_and_port(target)
    if not host:
        return []
    try:
        found = socket.getaddrinfo(host, port or 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        # gRPC has said that there is no such name.
        return []
    places = list(dict.fromkeys((str(place[0]), int(place[1])) for *_, place in found))
    return _proxy(target, host) + [
        f"{f'[{at}]' if ':' in at else at}:{number}: {_try(at, number, host, tls)}"
        for at, number in places[:_MOST_ADDRESSES]
    ]


def _proxy(target: str, host: str) -> list[str]:
    if is_loopback(target) or proxy_bypass(host):
        return []
    # In the order in which gRPC looks for one.
    found = [kind for kind in ("grpc", "https", "http") if kind in getproxies_environment()]
    return [
        f"{kind}_proxy is set, so calls take it; no_proxy={host} goes without" for kind in found[:1]
    ]


def _try(address: str, port: int, host: str, tls: TlsChoice) -> str:
    try:
        connection = socket.create_connection((address, port), _SECONDS)
    except OSError as error:
        return (error.strerror or str(error)).lower()
    with connection:
        if tls is not False:
            return _handshake(connection, host, tls)
        # Would a server that takes no plain gRPC take TLS?
        with suppress(OSError), _anyone().wrap_socket(connection):
            return "speaks TLS; give --tls, or --ca-file FILE"
        return "takes connections, but is no gRPC server, or is busy"


def _handshake(connection: socket.socket, host: str, tls: TlsChoice) -> str:
    try:
        with _context(tls).wrap_socket(connection, server_hostname=host) as secure:
            return _after_handshake(secure)
    except ssl.SSLCertVerificationError as error:
        return f"its certificate is not accepted: {error.verify_message}"
    except ssl.SSLError as error:
        reason = (error.reason or str(error)).lower().replace("_", " ")
        plain = ", so it may be one without TLS" if "wrong version" in reason else ""
        return f"the TLS handshake fails: {reason}{plain}"
    except OSError as error:
        return f"the TLS handshake fails: {error.strerror or error}"


def _after_handshake(secure: ssl.SSLSocket) -> str:
    try:
        # In TLS 1.3 a client's certificate is refused only now; gRPC would say something first.
        is_heard = bool(secure.recv(1))
    except TimeoutError:
        is_heard = True
    if is_heard:
        return "TLS is fine; is it a gRPC server?"
    return "ends the connection after the TLS handshake; does it ask for a --cert-file?"


def _context(tls: TlsChoice) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=tls.ca if isinstance(tls, Tls) else None)
    if isinstance(tls, Tls) and tls.certificate is not None:
        context.load_cert_chain(tls.certificate, tls.key)
    context.set_alpn_protocols(["h2"])
    return context


def _anyone() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    return context
