"""Streams that are open when the proxy stops."""

import json
import signal
from http.client import HTTPResponse

import httpx
import pytest

from tests.rest.answers import HOUSE
from tests.rest.scripted import Scripted
from tests.support.client import Client
from tests.support.proxies import calling, chunk, process
from tests.support.waiting import SECONDS


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_ends_streams_in_order(housing: Client, number: signal.Signals) -> None:
    with (
        process("--grpc-target", housing.address) as (running, url),
        httpx.Client(base_url=url) as client,
        calling(client, "transfer-encoding: chunked") as caller,
    ):
        caller.sendall(chunk(json.dumps(HOUSE).encode() + b"\n"))
        response = HTTPResponse(caller)
        response.begin()
        first = json.loads(response.readline())
        running.send_signal(number)
        answers = [json.loads(line) for line in response]
        assert running.wait(SECONDS) == 0
        assert running.stderr is not None
        log = running.stderr.read()
    assert first["row"] == 0
    assert [answer["error"]["status"] for answer in answers] == ["UNAVAILABLE"]
    assert answers[0]["error"]["code"] == 503
    assert answers[0]["error"]["details"][0]["reason"] == "STOPPING"
    assert "Traceback" not in log
    assert "CancelledError" not in log


def test_a_stop_before_the_first_answer_has_a_status(housing: Client) -> None:
    with (
        process("--grpc-target", housing.address) as (running, url),
        httpx.Client(base_url=url, timeout=SECONDS) as client,
        calling(client, "transfer-encoding: chunked") as caller,
    ):
        caller.sendall(chunk(b'{"RM":'))
        assert client.get("/health").status_code == 200
        running.send_signal(signal.SIGTERM)
        response = HTTPResponse(caller)
        response.begin()
        told = json.loads(response.read())
        assert running.wait(SECONDS) == 0
    assert (response.status, told["error"]["details"][0]["reason"]) == (503, "STOPPING")


def test_what_takes_longer_than_the_grace_is_told_so(scripted: Scripted) -> None:
    def answer(_data: bytes, _context: object) -> bytes:
        running.send_signal(signal.SIGTERM)
        scripted.ended.wait(SECONDS)
        return b""

    scripted.answer = answer
    with process("--api-grace-seconds", "1", GRPC_TARGET=scripted.target) as (running, url):
        response = httpx.post(f"{url}/predict", json=HOUSE, timeout=SECONDS)
        assert running.wait(SECONDS) == 0
        assert running.stderr is not None
        assert "Traceback" not in running.stderr.read()
    assert (response.status_code, response.json()["error"]["status"]) == (503, "UNAVAILABLE")
