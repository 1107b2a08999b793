"""Heads, trailers and chunks that are too large, and requests that are sent ahead."""

import json
import threading

import httpx
import pytest

from tests.rest.answers import HOUSE
from tests.rest.conftest import SECONDS, Start
from tests.rest.raw import HOST, answer, closed, connected, rest_of, send
from tests.rest.scripted import Scripted
from tests.support.client import Client
from tests.support.processes import memory_mib
from tests.support.proxies import process

HEAD_BYTES, HEADERS = 16 * 1024, 100
MIB = 2**20
GET = b"GET /openapi.json HTTP/1.1\r\n"
CHUNKED = (
    b"POST /predict HTTP/1.1\r\n" + HOST + b"content-type: application/json\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)
BODY = json.dumps(HOUSE).encode()
CHUNK = b"%x\r\n%b\r\n" % (len(BODY), BODY)


def headers(count: int) -> bytes:
    return b"".join(b"x%d: y\r\n" % number for number in range(count))


def sized(size: int) -> bytes:
    """Returns a whole head of so many bytes."""
    before, end = GET + HOST + b"x: ", b"\r\n\r\n"
    return before + b"y" * (size - len(before) - len(end)) + end


FITS = {
    "bytes": sized(HEAD_BYTES),
    "headers": GET + HOST + headers(HEADERS - 1) + b"\r\n",
    "target": b"GET /openapi.json HTTP/1.1\r\n".replace(b" HTTP", b"?" + b"x" * 16_000 + b" HTTP")
    + HOST + b"\r\n",
}  # fmt: skip
TOO_LARGE = {
    "a byte too many": sized(HEAD_BYTES + 1),
    "17 KiB": sized(17 * 1024),
    "a header too many": GET + HOST + headers(HEADERS) + b"\r\n",
    "many headers": GET + HOST + headers(20_000) + b"\r\n",
    "a header of 1 MiB": sized(MIB),
    "a header without end": GET + HOST + b"x: " + b"y" * MIB,
    "a name without end": GET + HOST + b"x" * MIB,
    "blanks without end": GET + HOST + b"x:" + b" " * MIB,
    "a target without end": b"GET /" + b"x" * MIB,
    "a method that begins late": b"\r\n" * MIB,
}


@pytest.mark.parametrize("part", [2**16, 1000])
@pytest.mark.parametrize("head", FITS.values(), ids=FITS)
def test_a_head_within_the_limits_is_answered(rest: httpx.Client, head: bytes, part: int) -> None:
    with connected(rest.base_url) as caller:
        for _ in range(2):
            send(caller, head, part)
            assert answer(caller)[0] == 200


@pytest.mark.parametrize("part", [2**16, 1000])
@pytest.mark.parametrize("head", TOO_LARGE.values(), ids=TOO_LARGE)
def test_a_head_beyond_them_is_431_and_the_end(rest: httpx.Client, head: bytes, part: int) -> None:
    before = closed(rest, "head_too_large")
    with connected(rest.base_url) as caller:
        send(caller, head, part)
        found, _, body = rest_of(caller).partition(b"\r\n\r\n")
    assert found.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")
    assert b"\r\nconnection: close" in found
    error = json.loads(body)["error"]
    assert (error["code"], error["details"][0]["reason"]) == (431, "HEADER_TOO_LARGE")
    assert "100 headers and 16384 bytes" in error["message"]
    assert closed(rest, "head_too_large") == before + 1


def test_heads_without_end_take_no_memory_and_keep_nobody_waiting(housing: Client) -> None:
    with process("--grpc-target", housing.address) as (running, url):
        assert httpx.get(f"{url}/openapi.json", timeout=SECONDS).status_code == 200
        before = memory_mib(running.pid)
        ended = []

        def attack() -> None:
            with connected(url) as caller:
                send(caller, GET + HOST + b"x: " + b"y" * 32 * MIB)
                ended.append(rest_of(caller))

        attackers = [threading.Thread(target=attack) for _ in range(8)]
        for attacker in attackers:
            attacker.start()
        for _ in range(20):
            assert httpx.get(f"{url}/openapi.json", timeout=SECONDS).status_code == 200
        for attacker in attackers:
            attacker.join()
        assert len(ended) == 8
        assert memory_mib(running.pid, "VmHWM") - before < 32


FRAMING = {
    "trailers": CHUNK + b"0\r\n" + headers(HEADERS + 1) + b"\r\n",
    "a trailer without end": CHUNK + b"0\r\nx: " + b"y" * MIB,
    "an extension without end": b"1;x=" + b"y" * MIB,
    "a name of an extension without end": CHUNK + b"0;" + b"y" * MIB,
}


@pytest.mark.parametrize("body", FRAMING.values(), ids=FRAMING)
def test_what_stands_beside_a_body_has_the_same_bounds(rest: httpx.Client, body: bytes) -> None:
    with connected(rest.base_url) as caller:
        send(caller, CHUNKED + body)
        assert rest_of(caller).startswith(b"HTTP/1.1 431 ")


def test_a_stream_that_has_begun_ends_where_they_are_passed(rest: httpx.Client) -> None:
    head = CHUNKED.replace(b"/predict", b"/v1/predict:stream").replace(b"json\r", b"x-ndjson\r")
    line = BODY + b"\n"
    with connected(rest.base_url) as caller:
        caller.sendall(head + b"%x\r\n%b\r\n" % (len(line), line))
        assert caller.recv(2**16).startswith(b"HTTP/1.1 200 OK\r\n")
        send(caller, b"1;x=" + b"y" * MIB)
        assert b"HTTP/1.1" not in rest_of(caller)


def test_extensions_of_many_chunks_may_be_as_long_together(rest: httpx.Client) -> None:
    chunks = b"".join(b"1;x=%b\r\n%c\r\n" % (b"y" * 200, byte) for byte in BODY)
    assert len(chunks) > 2 * HEAD_BYTES
    with connected(rest.base_url) as caller:
        send(caller, CHUNKED + chunks + b"0\r\n" + headers(HEADERS) + b"\r\n")
        assert answer(caller)[0] == 200


def test_a_trailer_is_no_header(scripted: Scripted, start: Start) -> None:
    with connected(start(scripted.target).base_url) as caller:
        caller.sendall(CHUNKED + CHUNK + b"0\r\nx-api-key: canary\r\nx-request-id: canary\r\n\r\n")
        assert answer(caller)[0] == 200
        assert "canary" not in str(scripted.metadata)
        caller.sendall(CHUNKED + CHUNK + b"0\r\n\r\n")
        assert answer(caller)[0] == 200
        assert "canary" not in str(scripted.metadata)


def test_of_requests_that_are_sent_ahead_so_many_are_answered(rest: httpx.Client) -> None:
    with connected(rest.base_url) as caller:
        # Short answers: of what a socket does not take at once, the end of a connection that has
        # unread requests leaves nothing.
        send(caller, (b"GET /health HTTP/1.1\r\n" + HOST + b"\r\n") * 10_000)
        answers = rest_of(caller)
    assert answers.count(b"HTTP/1.1 200 OK\r\n") == answers.count(b"HTTP/1.1 ") == 17
    assert answers.count(b"connection: close") == 1


def test_some_requests_ahead_are_all_answered(rest: httpx.Client) -> None:
    with connected(rest.base_url) as caller:
        caller.sendall((GET + HOST + b"\r\n") * 16 + GET + HOST + b"connection: close\r\n\r\n")
        answers = rest_of(caller)
    assert answers.count(b"HTTP/1.1 200 OK\r\n") == answers.count(b"HTTP/1.1 ") == 17


@pytest.mark.parametrize(
    "bad",
    [sized(MIB), b"\0\r\n\r\n", b"CONNECT host:1 HTTP/1.1\r\n" + HOST + b"\r\n"],
    ids=["too large", "no HTTP", "no target"],
)
def test_what_is_wrong_behind_a_request_is_not_its_answer(rest: httpx.Client, bad: bytes) -> None:
    with connected(rest.base_url) as caller:
        send(caller, GET + HOST + b"\r\n" + bad)
        answers = rest_of(caller)
    assert answers.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answers.count(b"HTTP/1.1 ") == 1


def test_a_target_that_is_none_is_answered(rest: httpx.Client) -> None:
    with connected(rest.base_url) as caller:
        send(caller, b"CONNECT host:1 HTTP/1.1\r\n" + HOST + b"\r\n")
        assert rest_of(caller).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("protocol", [b"h2c", b"websocket"])
def test_nothing_is_read_behind_a_request_that_would_switch_over(
    rest: httpx.Client, protocol: bytes
) -> None:
    hidden = GET + HOST + b"\r\n"
    with connected(rest.base_url) as caller:
        caller.sendall(
            b"POST /model/reload HTTP/1.1\r\n" + HOST + b"connection: upgrade\r\n"
            b"upgrade: %b\r\ncontent-length: %d\r\n\r\n" % (protocol, len(hidden))
        )
        assert answer(caller)[0] == 200
        send(caller, hidden)
        assert rest_of(caller) == b""


@pytest.mark.parametrize("codings", [["x, chunked"], ["gzip,chunked"], ["x", "chunked"], ["x"]])
def test_a_coding_that_is_not_undone_is_refused(rest: httpx.Client, codings: list[str]) -> None:
    head = "".join(f"Transfer-Encoding: {each}\r\n" for each in codings)
    body = "2\r\n{}\r\n0\r\n\r\n"
    with connected(rest.base_url) as caller:
        send(caller, f"POST /predict HTTP/1.1\r\nHost: localhost\r\n{head}\r\n{body}".encode())
        found = rest_of(caller)
    assert found.startswith(b"HTTP/1.1 400 ")
    assert b"Invalid HTTP request" in found


def test_chunks_are_taken(rest: httpx.Client) -> None:
    head = "Transfer-Encoding: Chunked\r\nContent-Type: application/json\r\nConnection: close\r\n"
    body = "2\r\n{}\r\n0\r\n\r\n"
    with connected(rest.base_url) as caller:
        send(caller, f"POST /predict HTTP/1.1\r\nHost: localhost\r\n{head}\r\n{body}".encode())
        assert b"NO_FEATURES" in rest_of(caller)
