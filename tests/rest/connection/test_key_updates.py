"""Callers who change the keys of their connection all the time."""

import ctypes
import socket
import ssl
from pathlib import Path

import httpx
import pytest

from tests.rest.conftest import SECONDS, Loop, proxied
from tests.rest.raw import closed
from tests.support.certificates import Ca
from tests.support.client import Client
from tests.support.waiting import until

# More than the sockets on the way hold.
UPDATES = 200_000
_ANSWER_ME = 1


def openssl() -> ctypes.CDLL:
    """Returns OpenSSL, whose key updates Python itself cannot send."""
    try:
        found = ctypes.CDLL("libssl.so.3")
    except OSError:
        pytest.skip("there is no libssl.so.3")
    for name in ("TLS_client_method", "SSL_CTX_new", "SSL_new"):
        getattr(found, name).restype = ctypes.c_void_p
    return found


def flood(port: int) -> int:
    """Sends key updates until the connection is closed, and returns how many."""
    library = openssl()
    context = ctypes.c_void_p(library.SSL_CTX_new(ctypes.c_void_p(library.TLS_client_method())))
    tls = ctypes.c_void_p(library.SSL_new(context))
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as connection:
        connection.setblocking(True)
        library.SSL_set_fd(tls, connection.fileno())
        assert library.SSL_connect(tls) == 1
        sent = 0
        while sent < UPDATES and library.SSL_key_update(tls, _ANSWER_ME) == 1:
            if library.SSL_do_handshake(tls) != 1:
                break
            sent += 1
    library.SSL_free(tls)
    library.SSL_CTX_free(context)
    return sent


def test_who_changes_keys_all_the_time_is_hung_up_on(
    loop: Loop, housing: Client, tmp_path: Path
) -> None:
    ca = Ca(tmp_path)
    pair = ca.issue("proxy")
    files = {"api_tls_cert_file": str(pair.certificate), "api_tls_key_file": str(pair.key)}
    with proxied(loop, housing.address, **files) as plain:
        url = plain.base_url.copy_with(scheme="https")
        assert flood(url.port or 0) < UPDATES
        trusted = ssl.create_default_context(cafile=ca.file)
        with httpx.Client(base_url=url, verify=trusted, timeout=SECONDS) as rest:
            until(lambda: closed(rest, "key_updates") == 1)
