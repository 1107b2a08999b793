"""Callers that hold connections: silent, slow, by half and many at once."""

import resource
import signal
import ssl
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from tests.rest.answers import HOUSE, refused
from tests.rest.conftest import SECONDS, Start
from tests.rest.raw import GET, HELLO, POST, answer, closed, connected, rest_of, send
from tests.rest.scripted import Scripted
from tests.support.certificates import Ca
from tests.support.client import Client
from tests.support.processes import outcome
from tests.support.proxies import process
from tests.support.waiting import until

FILES = 1024
MANY = 1100
HALVES = {"nothing": b"", "half a head": GET, "half a body": POST + b"\r\n{"}


@pytest.fixture
def room() -> Iterator[None]:
    """Lets this process hold as many connections as the attack takes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 3 * MANY:
        pytest.skip("the limit of open files is too low to attack")
    resource.setrlimit(resource.RLIMIT_NOFILE, (3 * MANY, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextmanager
def limited(target: str, **variables: str) -> Iterator[str]:
    """Gives the address of a proxy that may open 1,024 files."""
    with process(GRPC_TARGET=target, **variables) as (running, url):
        resource.prlimit(running.pid, resource.RLIMIT_NOFILE, (FILES, FILES))
        log = threading.Thread(target=running.communicate)
        log.start()
        try:
            yield url
        finally:
            running.kill()
            log.join()


@pytest.mark.parametrize("sent", HALVES.values(), ids=HALVES)
@pytest.mark.usefixtures("room")
def test_connections_beyond_every_limit_lock_nobody_out(housing: Client, sent: bytes) -> None:
    with limited(housing.address) as url, ExitStack() as stack:
        for _ in range(MANY):
            send(stack.enter_context(connected(url)), sent)
        with httpx.Client(base_url=url, timeout=SECONDS) as client:
            assert client.post("/predict", json=HOUSE).status_code == 200
            assert closed(client, "made_room") >= MANY - 320


@pytest.mark.usefixtures("room")
def test_half_handshakes_lock_nobody_out(housing: Client, tmp_path: Path) -> None:
    ca = Ca(tmp_path)
    certificate, key = map(str, ca.issue("proxy"))
    files = {"API_TLS_CERT_FILE": certificate, "API_TLS_KEY_FILE": key}
    with limited(housing.address, **files) as url, ExitStack() as stack:
        for _ in range(MANY):
            send(stack.enter_context(connected(url)), HELLO)
        response = httpx.post(
            f"{url.replace('http', 'https')}/predict", json=HOUSE, timeout=SECONDS,
            verify=ssl.create_default_context(cafile=str(ca.file)),
        )  # fmt: skip
    assert response.status_code == 200


@pytest.fixture
def narrow(scripted: Scripted, start: Start) -> httpx.Client:
    """A client of a proxy that takes eight connections, seven of them with a request."""
    client = start(scripted.target, api_max_connections=8)
    client.headers["connection"] = "close"
    return client


def test_the_oldest_idle_connection_makes_room(narrow: httpx.Client, stack: ExitStack) -> None:
    callers = [stack.enter_context(connected(narrow.base_url)) for _ in range(8)]
    for caller in callers:
        caller.sendall(GET + b"\r\n")
        assert answer(caller)[0] == 200
    # The first has been idle for less long than the second.
    callers[0].sendall(GET + b"\r\n")
    assert answer(callers[0])[0] == 200
    assert narrow.get("/openapi.json").status_code == 200
    assert rest_of(callers[1]) == b""
    assert closed(narrow, "made_room") == 1
    for caller in (callers[0], *callers[2:]):
        caller.sendall(GET + b"\r\n")
        assert answer(caller)[0] == 200


@pytest.fixture
def release(scripted: Scripted) -> Iterator[threading.Event]:
    """Calls are answered when it is set."""
    released = threading.Event()

    def answer_late(_data: bytes, _context: object) -> bytes:
        released.wait(SECONDS)
        return b""

    scripted.answer = answer_late
    yield released
    released.set()


def test_a_request_in_work_makes_no_room(
    narrow: httpx.Client, scripted: Scripted, release: threading.Event, stack: ExitStack
) -> None:
    caller = stack.enter_context(connected(narrow.base_url))
    caller.sendall(POST + b"\r\n{}")
    assert scripted.called.wait(SECONDS)
    for _ in range(30):
        stack.enter_context(connected(narrow.base_url))
    assert narrow.get("/openapi.json").status_code == 200
    release.set()
    assert answer(caller)[0] == 200


def test_a_request_too_many_is_refused_and_the_others_are_answered(
    narrow: httpx.Client, release: threading.Event
) -> None:
    with ExitStack() as stack:
        callers = [stack.enter_context(connected(narrow.base_url)) for _ in range(7)]
        for caller in callers:
            caller.sendall(POST + b"\r\n{}")
        until(lambda: narrow.get("/openapi.json").status_code == 503)
        response = narrow.get("/openapi.json")
        assert refused(response) == (503, "TOO_MANY_REQUESTS", [])
        assert (response.headers["retry-after"], response.headers["connection"]) == ("1", "close")
        release.set()
        assert [answer(caller)[0] for caller in callers] == [200] * 7
    assert narrow.get("/openapi.json").status_code == 200


def test_a_caller_that_owes_its_body_makes_room_for_a_request(
    narrow: httpx.Client, stack: ExitStack
) -> None:
    callers = [stack.enter_context(connected(narrow.base_url)) for _ in range(7)]
    for caller in callers:
        caller.sendall(POST + b"expect: 100-continue\r\n\r\n")
        assert caller.recv(2**16).startswith(b"HTTP/1.1 100 ")
    assert narrow.get("/openapi.json").status_code == 200
    assert rest_of(callers[0]) == b""


def test_fewer_files_are_fewer_connections() -> None:
    program = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100)); "
    program += "from housing_grpc.rest.connection import connections; print(connections.most(320))"
    ran = outcome([sys.executable, "-c", program], check=True)
    assert ran.stdout == "36\n"


def test_a_proxy_without_descriptors_accepts_again_when_it_has_some(housing: Client) -> None:
    with process(GRPC_TARGET=housing.address) as (running, url):
        assert httpx.get(f"{url}/openapi.json", timeout=SECONDS).status_code == 200
        before = resource.prlimit(running.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(running.pid, resource.RLIMIT_NOFILE, (3, before[1]))
        with connected(url) as caller:
            assert running.stderr is not None
            while "connections.not_accepted" not in running.stderr.readline():
                pass
            resource.prlimit(running.pid, resource.RLIMIT_NOFILE, before)
            caller.sendall(GET + b"\r\n")
            assert answer(caller)[0] == 200


def test_half_requests_do_not_hold_a_stop_up(housing: Client) -> None:
    with (
        process("--api-grace-seconds", "3600", "--grpc-target", housing.address) as (running, url),
        ExitStack() as stack,
    ):
        for sent in (b"", GET, b"\0", GET + b"content-length: 9\r\n\r\n"):
            send(stack.enter_context(connected(url)), sent)
        assert httpx.get(f"{url}/openapi.json", timeout=SECONDS).status_code == 200
        running.send_signal(signal.SIGTERM)
        assert running.wait(SECONDS) == 0
