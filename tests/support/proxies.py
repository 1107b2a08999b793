"""The REST proxy as a process of its own, and connections to it byte by byte."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tests.support.waiting import SECONDS

COMMAND = [sys.executable, "-m", "housing_grpc.rest"]
NDJSON = {"content-type": "application/x-ndjson"}
STREAM = "/v1/predict:stream"


@contextmanager
def process(*arguments: str, **variables: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Yields a running proxy and its address."""
    started = subprocess.Popen(
        [*COMMAND, "--api-port", "0", *arguments],
        env={**os.environ, "API_CONNECT_TIMEOUT_SECONDS": "30", **variables},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert started.stderr is not None
    with started:
        try:
            line = started.stderr.readline()
            port = re.search(r"port\W+(\d+)", line)
            assert port, line + started.stderr.read()
            yield started, f"http://127.0.0.1:{port[1]}"
        finally:
            started.kill()


@contextmanager
def calling(client: httpx.Client, header: str) -> Iterator[socket.socket]:
    """Yields a connection on which the head of a stream has been sent."""
    url = httpx.URL(f"{client.base_url}")
    with socket.create_connection((url.host, url.port or 0), timeout=SECONDS) as caller:
        kind = NDJSON["content-type"]
        head = (
            f"POST {STREAM} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {kind}\r\n{header}\r\n\r\n"
        )
        caller.sendall(head.encode())
        yield caller


def chunk(part: bytes) -> bytes:
    """Returns a chunk of a body."""
    return b"%x\r\n%b\r\n" % (len(part), part)
