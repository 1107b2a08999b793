"""What one caller sends does not keep the others waiting."""

import json
import threading
import time
from contextlib import ExitStack
from http.client import HTTPResponse

import httpx

from tests.rest.answers import HOUSE, refused
from tests.rest.conftest import SECONDS, Start
from tests.rest.raw import answer, connected
from tests.support.examples import Example
from tests.support.proxies import calling, chunk, process
from tests.support.serving import housing_server

UNKNOWN = "{" + ",".join(f'"LSTA{n}":1' for n in range(60_000)) + "}"
PATH = "/v1/predict:stream"
NDJSON = {"content-type": "application/x-ndjson"}


def test_many_unknown_keys_are_told_in_part(rest: httpx.Client) -> None:
    assert 500_000 < len(UNKNOWN) < 2**20
    for path, data in (
        ("/predict", UNKNOWN),
        ("/predict/batch", f'{{"items": [{UNKNOWN}]}}'),
        ("/model/reload", UNKNOWN),
    ):
        response = rest.post(path, content=data, headers={"content-type": "application/json"})
        code, reason, fields = refused(response)
        assert (code, reason, len(fields)) == (400, "JSON_UNKNOWN_FIELD", 20)


def test_many_unknown_keys_in_lines_are_told_in_part(rest: httpx.Client) -> None:
    line = "{" + ",".join(f'"LSTA{n}":1' for n in range(4000)) + "}"
    response = rest.post(PATH, content=f"{line}\n" * 100, headers=NDJSON)
    answers = [json.loads(line) for line in response.text.splitlines()]
    assert [answer["row"] for answer in answers] == list(range(100))
    for told in answers:
        info, bad = told["error"]["details"]
        assert (info["reason"], len(bad["field_violations"])) == ("JSON_UNKNOWN_FIELD", 20)


def test_hints_are_given_for_the_first_faults(rest: httpx.Client) -> None:
    told = rest.post("/predict", json={"RMM": 1, "TAXX": 1, "AGEE": 1, "LSTATT": 1, "x" * 50: 1})
    violations = told.json()["error"]["details"][1]["field_violations"]
    hinted = ["did you mean" in violation["description"] for violation in violations]
    assert hinted == [True, True, True, False, False]


def test_many_unknown_parameters_are_told_in_part(rest: httpx.Client) -> None:
    response = rest.get("/model/info?" + "&".join(["x=1"] * 4000))
    assert len(refused(response)[2]) == 20


def test_a_stream_on_which_no_line_comes_is_408(linear: Example, start: Start) -> None:
    with ExitStack() as stack:
        # As long, too, gets the server's own thread to begin to wait.
        server = housing_server(stack, linear.folder, stream_idle_seconds=3)
        client = start(f"127.0.0.1:{server.port}")
        with calling(client, "transfer-encoding: chunked") as caller:
            response = HTTPResponse(caller)
            response.begin()
            told = json.loads(response.read())
    assert (response.status, told["error"]["code"]) == (408, 408)
    assert told["error"]["details"][0]["reason"] == "REQUEST_TIMEOUT"


def test_calls_are_answered_during_a_large_upload(rest: httpx.Client) -> None:
    lines, enough = 100, threading.Event()
    part = chunk((json.dumps(HOUSE) + "\n").encode() * lines)
    sent: list[int] = []
    answers: list[bytes] = []
    with calling(rest, "transfer-encoding: chunked") as caller:

        def send() -> None:
            # It goes on for as long as others call.
            while len(sent) < 200 or not enough.is_set():
                caller.sendall(part)
                sent.append(lines)
            caller.sendall(chunk(b""))

        def read() -> None:
            response = HTTPResponse(caller)
            response.begin()
            answers.extend(response)

        threads = [threading.Thread(target=each) for each in (send, read)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(3):
                assert rest.post("/predict", json=HOUSE).status_code == 200
        finally:
            enough.set()
            for thread in threads:
                thread.join()
    assert len(answers) == sum(sent)


def test_others_have_their_turn_between_large_bodies() -> None:
    """Large ones that are all there at once, and take the proxy some 0.1 s each to read."""
    many = 40
    body = b"[" + b"[]," * 349_000 + b"[]]"
    kind = "content-type: application/json\r\ncontent-length: "
    head = f"POST /predict HTTP/1.1\r\nhost: localhost\r\n{kind}{len(body)}\r\n\r\n"
    with ExitStack() as stack:
        _, url = stack.enter_context(process(GRPC_TARGET="127.0.0.1:1"))
        client = stack.enter_context(httpx.Client(base_url=url, timeout=SECONDS, trust_env=False))
        assert bad_requests(client) == 0
        callers = [stack.enter_context(connected(url)) for _ in range(many)]
        for caller in callers:
            caller.sendall(head.encode() + body[:-1])
        time.sleep(1)  # So that all of it has been read, and the ends come together.
        for caller in callers:
            caller.sendall(body[-1:])
        assert bad_requests(client) < many - 5
        assert [answer(caller)[0] for caller in callers] == [400] * many
        assert bad_requests(client) == many


def bad_requests(client: httpx.Client) -> float:
    """Returns how many requests the proxy has answered with 400."""
    lines = client.get("/metrics").text.splitlines()
    counted = (line for line in lines if line.startswith("http_requests_total"))
    return sum(float(line.rpartition(" ")[2]) for line in counted if '"400"' in line)
