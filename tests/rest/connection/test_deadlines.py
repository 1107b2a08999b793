"""Callers that are silent or slow."""

import threading
import time
from collections.abc import Iterator
from http.client import HTTPResponse
from pathlib import Path

import httpx
import pytest

from tests.rest.conftest import SECONDS, Loop, Start, proxied
from tests.rest.raw import GET, HELLO, HOST, POST, answer, closed, connected, rest_of
from tests.rest.scripted import Scripted
from tests.support.certificates import Ca
from tests.support.client import Client
from tests.support.waiting import until

FILE = b"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\n" + HOST + b"\r\n"


@pytest.fixture(scope="module")
def hasty(loop: Loop, housing: Client) -> Iterator[httpx.Client]:
    """A client of a proxy that waits for nobody for long."""
    with proxied(loop, housing.address, api_head_seconds=0.2) as client:
        yield client


@pytest.mark.parametrize("sent", [b"", b"\r\n"], ids=["nothing", "an empty line"])
def test_a_silent_connection_is_closed(hasty: httpx.Client, sent: bytes) -> None:
    before = closed(hasty, "head_timeout")
    with connected(hasty.base_url) as caller:
        caller.sendall(sent)
        assert rest_of(caller) == b""
    assert closed(hasty, "head_timeout") == before + 1


@pytest.mark.parametrize("first", [b"", GET + b"\r\n"], ids=["first", "second"])
def test_a_head_that_does_not_end_is_408(hasty: httpx.Client, first: bytes) -> None:
    with connected(hasty.base_url) as caller:
        if first:
            caller.sendall(first)
            assert answer(caller)[0] == 200
        caller.sendall(b"GET / HTTP/1.1\r\nx: ")
        response = HTTPResponse(caller)
        response.begin()
        assert b"did not arrive within 0.2 s" in response.read()
        assert (response.status, caller.recv(1)) == (408, b"")


def test_a_head_that_begins_behind_a_request_is_as_late(hasty: httpx.Client) -> None:
    with connected(hasty.base_url) as caller:
        caller.sendall(GET + b"\r\n" + b"GET / HTTP/1.1\r\nx: ")
        answers = rest_of(caller)
    assert answers.startswith(b"HTTP/1.1 200 ")
    assert b"HTTP/1.1 408 " in answers


def test_a_head_that_trickles_is_as_late(hasty: httpx.Client) -> None:
    with connected(hasty.base_url) as caller:
        caller.sendall(b"GET / HTTP/1.1\r\nx: ")
        caller.settimeout(0.02)
        found = b""
        end = time.monotonic() + SECONDS
        while not found:
            assert time.monotonic() < end
            try:
                caller.sendall(b"y")
                found = caller.recv(2**16)
            except TimeoutError:
                continue
    assert found.startswith(b"HTTP/1.1 408 ")


def test_the_rest_of_a_body_is_not_waited_for_when_it_was_answered(hasty: httpx.Client) -> None:
    with connected(hasty.base_url) as caller:
        caller.sendall(GET + b"content-length: 100\r\n\r\n")
        assert answer(caller)[0] == 200
        caller.sendall(b"x")
        assert rest_of(caller) == b""


def test_a_request_in_work_may_take_longer_than_a_head(scripted: Scripted, start: Start) -> None:
    client = start(scripted.target, api_head_seconds=0.1)
    before = closed(client, "head_timeout")
    silent = threading.Event()

    def answer_late(_data: bytes, _context: object) -> bytes:
        silent.wait(SECONDS)
        return b""

    scripted.answer = answer_late
    with connected(client.base_url) as caller, connected(client.base_url) as other:
        caller.sendall(POST + b"\r\n{}")
        assert scripted.called.wait(SECONDS)
        assert rest_of(other) == b""
        silent.set()
        assert answer(caller)[0] == 200
    assert closed(client, "head_timeout") == before + 1


def test_a_half_handshake_ends(loop: Loop, housing: Client, tmp_path: Path) -> None:
    certificate, key = map(str, Ca(tmp_path).issue("proxy"))
    settings = {"api_tls_cert_file": certificate, "api_tls_key_file": key}
    with (
        proxied(loop, housing.address, api_head_seconds=0.2, **settings) as client,
        connected(client.base_url) as caller,
    ):
        caller.sendall(HELLO)
        assert rest_of(caller) == b""


def test_an_answer_that_nobody_takes_ends(housing: Client, start: Start) -> None:
    client = start(housing.address, api_timeout_seconds=0.5)
    with connected(client.base_url) as caller:
        caller.sendall(FILE * 17)
        until(lambda: closed(client, "answer_not_taken") == 1)
