"""HTTP by hand, as no client would speak it."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse

import httpx

from tests.rest.conftest import SECONDS

HOST = b"host: localhost\r\n"
GET = b"GET /openapi.json HTTP/1.1\r\n" + HOST
POST = (
    b"POST /predict HTTP/1.1\r\n"
    + HOST
    + b"content-type: application/json\r\ncontent-length: 2\r\n"
)
# The first bytes of a ClientHello that never ends.
HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"


@contextmanager
def connected(url: httpx.URL | str) -> Iterator[socket.socket]:
    """Gives a connection."""
    parsed = httpx.URL(url)
    with socket.create_connection((parsed.host, parsed.port or 0), timeout=SECONDS) as caller:
        yield caller


def send(caller: socket.socket, data: bytes, part: int = 2**16) -> None:
    """Sends for as long as somebody reads."""
    try:
        for start in range(0, len(data), part):
            caller.sendall(data[start : start + part])
    except (BrokenPipeError, ConnectionResetError):
        pass


def answer(caller: socket.socket) -> tuple[int, bytes]:
    """Returns status and body of the next answer."""
    response = HTTPResponse(caller)
    response.begin()
    return response.status, response.read()


def rest_of(caller: socket.socket) -> bytes:
    """Returns what comes until the proxy closes the connection."""
    found = bytearray()
    try:
        while part := caller.recv(2**16):
            found += part
    except ConnectionResetError:
        pass
    return bytes(found)


def closed(client: httpx.Client, reason: str) -> float:
    """Returns how many connections the proxy has closed for a reason."""
    name = f'http_connections_closed_total{{reason="{reason}"}} '
    lines = client.get("/metrics").text.splitlines()
    return sum(float(line.removeprefix(name)) for line in lines if line.startswith(name))
