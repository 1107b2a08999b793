"""The link between supervisor and worker."""

import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Queue

import msgspec
import pytest

from housing_grpc.base.errors import Reason, ServingError, Violation
from housing_grpc.bundle.digest import Digest
from housing_grpc.workers import protocol
from housing_grpc.workers.link import Link, LinkClosedError, Reply, answer_of
from tests.conftest import ROOT
from tests.support import waiting
from tests.support.examples import Example

SECONDS = waiting.SECONDS


def done(_: protocol.Question, reply: Reply) -> None:
    reply(protocol.Done())


@contextmanager
def linked(
    serve: Callable[[protocol.Question, Reply], None] = done,
) -> Iterator[tuple[Link, Link, Queue[str]]]:
    ours, theirs = socket.socketpair()
    ends: Queue[str] = Queue()
    near = Link(ours, done, lambda: ends.put("near"))
    far = Link(theirs, serve, lambda: ends.put("far"))
    near.start()
    far.start()
    yield near, far, ends
    near.close()
    assert {ends.get(timeout=SECONDS) for _ in range(2)} == {"near", "far"}


def test_both_ends_ask() -> None:
    with linked() as (near, far, _):
        assert near.ask(protocol.Count(), SECONDS) == protocol.Done()
        assert far.ask(protocol.Reload(version="2", alias=None), SECONDS) == protocol.Done()


def test_answers_find_their_questions_in_any_order() -> None:
    replies: list[tuple[protocol.Question, Reply]] = []
    all_here = threading.Event()

    def later(question: protocol.Question, reply: Reply) -> None:
        replies.append((question, reply))
        if len(replies) == 3:
            all_here.set()

    with linked(later) as (near, _, _):
        futures = [near.send(protocol.Reload(version=str(n), alias=None)) for n in range(3)]
        assert all_here.wait(SECONDS)
        for question, reply in reversed(replies):
            assert isinstance(question, protocol.Reload)
            reply(protocol.Refused(message=str(question.version), exit_code=2))
        answers = [answer_of(future, SECONDS) for future in futures]
    assert answers == [protocol.Refused(message=str(n), exit_code=2) for n in range(3)]


def test_an_answer_that_cannot_be_sent_leaves_nobody_waiting() -> None:
    def unsendable(_: protocol.Question, reply: Reply) -> None:
        reply(protocol.Failed(reason=Reason.BUNDLE_UNSAFE, message="\udcff"))

    with linked(unsendable) as (near, _, _):
        answer = near.ask(protocol.Count(), SECONDS)
    assert isinstance(answer, protocol.Failed)
    assert answer.reason is Reason.INTERNAL


def test_a_message_of_many_megabytes() -> None:
    seen: list[protocol.Question] = []

    def keep(question: protocol.Question, reply: Reply) -> None:
        seen.append(question)
        reply(protocol.Done())

    order = protocol.Prepare(digest=Digest("d"), blobs={"model.onnx": bytes(50 * 2**20)})
    with linked(keep) as (near, _, _):
        near.ask(order, SECONDS)
    assert seen == [order]


def test_who_goes_away_leaves_nobody_waiting() -> None:
    with linked(lambda *_: None) as (near, far, _):
        future = near.send(protocol.Count())
        far.close()
        with pytest.raises(LinkClosedError):
            answer_of(future, SECONDS)
        with pytest.raises(LinkClosedError):
            near.ask(protocol.Count(), SECONDS)


def test_a_wait_has_an_end() -> None:
    with linked(lambda *_: None) as (near, _, _), pytest.raises(LinkClosedError):
        near.ask(protocol.Count(), 0.01)


def test_what_is_no_message_ends_the_link() -> None:
    ours, theirs = socket.socketpair()
    ended = threading.Event()
    Link(ours, done, ended.set).start()
    theirs.sendall(struct.pack(">Q", 3) + b"abc")
    assert ended.wait(SECONDS)
    assert theirs.recv(1) == b""
    theirs.close()


def test_an_error_is_the_same_on_the_other_side() -> None:
    error = ServingError(
        Reason.INVALID_TARGET,
        "no",
        violations=(Violation(field="version", description="must be one"),),
        retry_seconds=1.5,
    )
    with linked(lambda _, reply: reply(protocol.Failed.of(error))) as (near, _, _):
        answer = near.ask(protocol.Count(), SECONDS)
    assert isinstance(answer, protocol.Failed)
    assert vars(answer.error()) == vars(error)


def test_types_are_known_before_threads_ask_for_them(linear: Example) -> None:
    """Threads that made decoders while a bundle was read crashed one start in twenty."""
    program = """
import sys, threading, pathlib
from housing_grpc.bundle import format
from housing_grpc.workers import protocol
def late(*_):
    raise AssertionError("types are looked at after the import")
sys.modules["msgspec._utils"].get_class_annotations = late
format.read(pathlib.Path(sys.argv[1]))
protocol.DECODER.decode(bytes.fromhex(sys.argv[2]))
"""
    frame = msgspec.msgpack.encode(protocol.Asked(number=1, question=protocol.Listen())).hex()
    subprocess.run([sys.executable, "-c", program, linear.folder, frame], check=True, cwd=ROOT)
