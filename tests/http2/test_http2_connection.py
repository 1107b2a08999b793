"""What breaks a connection costs that connection alone."""

import socket
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from hyperframe.frame import GoAwayFrame, PingFrame

from tests.http2.conftest import HOUSE, Victim
from tests.http2.frames import PREFACE, Connection, data, message, raw
from tests.support.waiting import until

ASK = message(HOUSE.SerializeToString())
TLS_HELLO = bytes.fromhex("16030100a5010000a10303") + bytes(160)

# What is sent instead of, or after, a proper beginning, that no connection survives.
BROKEN: dict[str, Callable[[Connection], object]] = {
    "garbage preface": lambda c: c.send(b"\x00\xff" * 500),
    "preface of HTTP/1.1": lambda c: c.send(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    "preface of TLS": lambda c: c.send(TLS_HELLO),
    "SETTINGS of 5 bytes": lambda c: c.greet().send(raw(4, 0, 0, bytes(5))),
    "SETTINGS on a stream": lambda c: c.greet().send(raw(4, 0, 1, bytes(6))),
    "SETTINGS with a frame size of 1": lambda c: c.greet({5: 1}),
    "PING of 3 bytes": lambda c: c.greet().send(raw(6, 0, 0, b"123")),
    "WINDOW_UPDATE of 0 for the connection": lambda c: c.greet().send(raw(8, 0, 0, bytes(4))),
}

# What must be answered neither with a crash nor with a call.
STRAY: dict[str, bytes] = {
    "DATA on stream 0": raw(0, 1, 0, b"x"),
    "DATA on an idle stream": raw(0, 1, 7, ASK),
    "RST_STREAM on an idle stream": raw(3, 0, 9, bytes(4)),
    "PUSH_PROMISE from a client": raw(5, 4, 1, b"\x00\x00\x00\x02"),
    "PRIORITY on itself": raw(2, 0, 1, b"\x00\x00\x00\x01\x00"),
    "frame of an unknown kind": raw(99, 255, 0, b"abc"),
    "CONTINUATION of nothing": raw(9, 4, 1, b"\x88"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_connection_is_closed(victim: Victim, fault: str) -> None:
    with Connection(victim.port) as connection:
        BROKEN[fault](connection)
        assert connection.listen().refused


@pytest.mark.parametrize("fault", STRAY)
def test_a_stray_frame_starts_no_call(victim: Victim, fault: str) -> None:
    with Connection(victim.port) as connection:
        connection.greet().send(STRAY[fault])
        assert connection.listen(seconds=0.5).headers == {}


def test_a_goaway_lets_the_calls_before_it_finish(victim: Victim) -> None:
    with Connection(victim.port) as connection:
        connection.greet().send(connection.headers(1), data(1, ASK), GoAwayFrame(0, error_code=2))
        assert connection.listen(1).status(1) == "0"


@pytest.mark.parametrize("stream", [2, 0])
def test_a_call_on_a_stream_of_the_servers_is_none(victim: Victim, stream: int) -> None:
    with Connection(victim.port) as connection:
        body = connection.block()
        connection.greet().send(raw(1, 4, stream, body), raw(0, 1, stream, ASK))
        assert connection.listen(seconds=0.5).headers == {}


def test_a_stream_number_that_goes_back_is_no_call(victim: Victim) -> None:
    with Connection(victim.port) as connection:
        connection.greet().send(connection.headers(5), data(5, ASK))
        assert connection.listen(5).status(5) == "0"
        connection.send(connection.headers(3), data(3, ASK))
        assert 3 not in connection.listen(3, seconds=0.5).headers


def test_a_frame_of_an_unknown_kind_does_not_disturb_a_call(victim: Victim) -> None:
    with Connection(victim.port) as connection:
        stray = STRAY["frame of an unknown kind"]
        connection.greet().send(stray, connection.headers(1), stray, data(1, ASK))
        assert connection.listen(1).status(1) == "0"


def descriptors(victim: Victim) -> int:
    return len(list(Path(f"/proc/{victim.process.popen.pid}/fd").iterdir()))


@pytest.mark.parametrize("said", ["nothing", "half a preface", "preface", "SETTINGS"])
def test_half_open_sockets_are_let_go_when_the_peer_has_gone(victim: Victim, said: str) -> None:
    before = descriptors(victim)
    with ExitStack() as stack:
        for _ in range(200):
            connection = stack.enter_context(Connection(victim.port))
            if said == "SETTINGS":
                connection.greet()
            elif said != "nothing":
                connection.send(PREFACE[: 12 if said == "half a preface" else None])
        victim.check_unharmed()
    # Those of the check, and of what the server itself opens and closes.
    until(lambda: descriptors(victim) <= before + 8)


def test_a_peer_that_has_shut_its_half_still_gets_its_answer_or_an_end(victim: Victim) -> None:
    with Connection(victim.port) as connection:
        connection.greet().send(connection.headers(1), data(1, ASK))
        connection.shut()
        heard = connection.listen(1)
        assert heard.status(1) in {"0", "reset"} or heard.closed


def test_a_connection_reset_in_the_middle_of_a_call(victim: Victim) -> None:
    for _ in range(50):
        with Connection(victim.port) as connection:
            connection.greet().send(connection.headers(1), data(1, ASK[:7], end=False))
            connection.reset()


def test_a_ping_is_answered(victim: Victim) -> None:
    with Connection(victim.port) as connection:
        connection.greet().send(PingFrame(0, opaque_data=b"12345678"))
        until(lambda: bool(connection.listen(seconds=0.1).pongs))
        assert connection.heard.pongs == [b"12345678"]


def test_a_port_that_is_scanned(victim: Victim) -> None:
    for _ in range(300):
        socket.create_connection(("127.0.0.1", victim.port), 10).close()
