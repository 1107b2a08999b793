"""A call that is framed wrongly is refused, and costs nobody else anything."""

import gzip
from collections.abc import Callable

import pytest
from housing.v1 import prediction_pb2 as pb
from hyperframe.frame import HeadersFrame

from tests.http2.conftest import HOUSE, Victim
from tests.http2.frames import Connection, data, message, raw

CONTENT = HOUSE.SerializeToString()
ASK = message(CONTENT)
INVALID_ARGUMENT = "3"
REFUSED = {"3", "8", "12", "13", "16", "reset"}

Send = Callable[[Connection], object]


def call(payload: bytes, *, end: bool = True, **headers: str | None) -> Send:
    """Makes a call of a payload, in frames of the size that is allowed."""
    parts = [payload[start : start + 16_000] for start in range(0, len(payload), 16_000)]

    def send(connection: Connection) -> None:
        connection.greet().send(connection.headers(1, **headers))
        for place, part in enumerate(parts):
            connection.send(data(1, part, end=end and place == len(parts) - 1))

    return send


def framed(*frames: bytes) -> Send:
    return lambda connection: connection.greet().send(connection.headers(1), *frames)


def metadata(connection: Connection, size: int) -> None:
    """Makes a call with so much metadata, which HEADERS and CONTINUATIONs hold."""
    connection.send(HeadersFrame(1, data=connection.block()))
    for place in range(size // 8000):
        block = connection.encode([(f"x-{place % 40}", "v" * 8000)])
        connection.send(raw(9, 0, 1, block))
    connection.send(raw(9, 4, 1, b""), data(1, ASK))


FAULTS: dict[str, Send] = {
    "no message": lambda c: c.greet().send(c.headers(1, "END_STREAM")),
    "prefix that is larger than what comes": call(message(CONTENT, length=500)),
    "prefix of 4 GiB": call(message(CONTENT, length=2**32 - 1), end=False),
    "prefix that ends in the middle": call(ASK[:3]),
    "compressed flag without compression": call(message(CONTENT, compressed=1)),
    "compressed flag of 2": call(message(CONTENT, compressed=2)),
    "gzip that is none": call(message(CONTENT, compressed=1), grpc_encoding="gzip"),
    "gzip of 40 MB": call(
        message(gzip.compress(bytes(40_000_000)), compressed=1), grpc_encoding="gzip"
    ),
    "encoding that is unknown": call(message(CONTENT, compressed=1), grpc_encoding="zip-it"),
    "message with trailing garbage": call(message(CONTENT + b"\xff\xff\xff")),
    "message over the limit": call(message(bytes(5_000_000))),
    "method GET": call(ASK, method="GET"),
    "no path": call(ASK, path=None),
    "path without a slash": call(ASK, path="x"),
    "no te": call(ASK, te=None),
    "timeout that is none": call(ASK, grpc_timeout="1x"),
    "timeout of 0": call(ASK, grpc_timeout="0m"),
    "binary metadata that is not base64": call(ASK, x_a_bin="!!!"),
    "DATA over the frame size": framed(raw(0, 1, 1, message(bytes(20_000)))),
    "DATA with a length of 16 MiB": framed(raw(0, 1, 1, bytes(20_000), 0xFFFFFF)),
    "DATA with more padding than there is": framed(raw(0, 9, 1, b"\xff" + ASK)),
    "HEADERS with more padding than there is": lambda c: c.greet().send(
        raw(1, 12, 1, b"\xff" + c.block())
    ),
    "HEADERS that are not HPACK": lambda c: c.greet().send(raw(1, 4, 1, b"\xff" * 50)),
    "WINDOW_UPDATE of 0 for a stream": framed(raw(8, 0, 1, bytes(4))),
    "metadata over the limit": lambda c: metadata(c.greet().agree(), 16_000),
    "metadata over any limit, no settings": lambda c: metadata(c.greet(), 20_000_000),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_call_framed_wrongly_is_refused(victim: Victim, fault: str) -> None:
    with Connection(victim.port) as connection:
        FAULTS[fault](connection)
        heard = connection.listen(1)
        assert heard.status(1) in REFUSED or heard.refused
        assert heard.data.get(1, b"") == b""


def test_trailing_garbage_in_the_message_is_the_callers_fault(victim: Victim) -> None:
    with Connection(victim.port) as connection:
        FAULTS["message with trailing garbage"](connection)
        heard = connection.listen(1)
        assert heard.status(1) == INVALID_ARGUMENT
        assert heard.headers[1]["grpc-message"] == "the bytes are not a PredictRequest"


@pytest.mark.parametrize(
    "send",
    [call(ASK + ASK), call(ASK + b"\xff\xff\xff"), call(ASK, content_type="application/json")],
    ids=["two messages on a unary call", "garbage after the message", "wrong content-type"],
)
def test_what_the_library_overlooks_is_answered_once_or_refused(victim: Victim, send: Send) -> None:
    with Connection(victim.port) as connection:
        send(connection)
        heard = connection.listen(1)
        assert heard.status(1) in {"0", *REFUSED}
        found = heard.data.get(1, b"")
        assert not found or pb.PredictResponse.FromString(found[5:]).prediction > 0


def test_a_call_with_a_priority_is_answered(victim: Victim) -> None:
    with Connection(victim.port) as connection:
        connection.greet().send(raw(1, 0x24, 1, bytes(5) + connection.block()), data(1, ASK))
        assert connection.listen(1).status(1) == "0"


def test_a_message_in_frames_of_one_byte(victim: Victim) -> None:
    with Connection(victim.port) as connection:
        connection.greet().send(connection.headers(1))
        for place, byte in enumerate(ASK, 1):
            connection.send(data(1, bytes([byte]), end=place == len(ASK)))
        assert connection.listen(1).status(1) == "0"
