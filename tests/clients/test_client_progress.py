"""How far a job is, for people; and what the ledger does without a server."""

import collections
import io
from types import SimpleNamespace

import grpc
import pytest
from housing.v1 import prediction_pb2 as pb

from clients import python as housing
from clients.python import HousingError, StreamPolicy, Tally, progress
from clients.python.chunks import Chunk, Layout
from clients.python.ledger import Ledger
from clients.python.progress import Bar, line
from tests.support.errors import raised


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_line_tells_rows_rate_and_what_is_left() -> None:
    tally = Tally(total=4000, rows=1000, errors=3, resumes=1)
    assert line(tally, 2.0) == (
        " 25% [######..................]  1,000 rows  500 rows/s  6 s left  3 rejected  1 resumed"
    )


def test_a_line_without_a_total() -> None:
    assert line(Tally(rows=1000), 2.0) == "1,000 rows  500 rows/s"
    assert line(Tally(), 0.0) == "0 rows  0 rows/s"


def test_the_bar_is_for_terminals_only(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal, file = Terminal(), io.StringIO()
    for stream in (terminal, file):
        # A beginning, three chunks within a tenth of a second, one after it, and an end.
        clock = SimpleNamespace(monotonic=iter((10.0, 10.5, 10.54, 10.58, 10.61, 11.0)).__next__)
        monkeypatch.setattr(progress, "time", clock)
        bar = Bar(stream)
        for rows in (1, 2, 3, 4):
            bar(Tally(total=4, rows=rows))
        bar.close(Tally(total=4, rows=4))
    assert file.getvalue() == ""
    _, first, later, last = terminal.getvalue().split("\r")
    assert "1 rows  2 rows/s  2 s left" in first
    assert "4 rows  7 rows/s  0 s left" in later
    assert last.endswith("4 rows  4 rows/s  0 s left\n")


def chunk(start: int) -> Chunk:
    return Layout().pack(start, [{"RM": 6.0}] * 2)


def answer(sequence: int, version: str = "1", prices: int = 2) -> pb.PredictStreamResponse:
    found = pb.ChunkResult(sequence=sequence, model_version=version)
    found.prices.values = bytes(8 * prices)
    return pb.PredictStreamResponse(chunk=found)


def error(code: grpc.StatusCode, reason: str = "", retry: float | None = None) -> HousingError:
    return HousingError("broken", code=code, reason=reason, retry_after=retry)


def test_what_is_not_answered_is_sent_again() -> None:
    ledger = Ledger(StreamPolicy(window=2), Tally())
    first = ledger.request(chunk(0))
    room = [ledger.has_room]
    second = ledger.request(chunk(2))
    room.append(ledger.has_room)
    assert room == [True, False]
    assert list(ledger.again()) == [first, second]
    assert ledger.answered(answer(0)).start == 0
    assert list(ledger.again()) == [second]


@pytest.mark.parametrize(
    "wrong", [answer(1), answer(0, prices=3), pb.PredictStreamResponse(summary=pb.StreamSummary())]
)
def test_a_wrong_answer_is_not_taken(wrong: pb.PredictStreamResponse) -> None:
    ledger = Ledger(StreamPolicy(), Tally())
    ledger.request(chunk(0))
    assert raised(housing.ServerFaultError, ledger.answered, wrong).reason == "ANSWER_MISMATCH"


GONE_ON_WITH = [
    error(grpc.StatusCode.UNAVAILABLE),
    error(grpc.StatusCode.UNAVAILABLE, "SERVER_STOPPING"),
    error(grpc.StatusCode.CANCELLED),
    error(grpc.StatusCode.DEADLINE_EXCEEDED, "STREAM_TOO_OLD"),
    error(grpc.StatusCode.DEADLINE_EXCEEDED, "STREAM_IDLE"),
    error(grpc.StatusCode.ABORTED, "MODEL_RETIRED"),
    error(grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_STREAMS", retry=0.1),
    error(grpc.StatusCode.RESOURCE_EXHAUSTED, "RATE_LIMITED", retry=0.1),
]

GIVEN_UP = [
    error(grpc.StatusCode.ABORTED),
    error(grpc.StatusCode.INVALID_ARGUMENT, "SHAPE_MISMATCH"),
    error(grpc.StatusCode.UNAUTHENTICATED),
    error(grpc.StatusCode.PERMISSION_DENIED),
    error(grpc.StatusCode.RESOURCE_EXHAUSTED),
    error(grpc.StatusCode.UNAVAILABLE, "SERVER_STOPPING", retry=3600),
    error(grpc.StatusCode.INTERNAL, "INTERNAL"),
    error(grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED"),
]


@pytest.mark.parametrize("broken", GONE_ON_WITH, ids=str)
def test_a_job_under_way_goes_on(broken: HousingError) -> None:
    ledger = Ledger(StreamPolicy(retries=4), Tally())
    ledger.request(chunk(0))
    ledger.answered(answer(0))
    waits = [ledger.broken(broken) for _ in range(4)]
    assert all(0.05 <= wait <= 0.8 for wait in waits)
    assert waits[3] > waits[0]
    with pytest.raises(HousingError):
        ledger.broken(broken)
    assert ledger.tally.resumes == 0


@pytest.mark.parametrize("broken", GIVEN_UP, ids=str)
def test_what_would_only_fail_again_is_given_up(broken: HousingError) -> None:
    ledger = Ledger(StreamPolicy(), Tally(rows=2))
    assert raised(HousingError, ledger.broken, broken) is broken


def test_an_answer_makes_up_for_failures() -> None:
    ledger = Ledger(StreamPolicy(retries=1), Tally())
    gone = error(grpc.StatusCode.UNAVAILABLE, retry=7)
    for number in range(5):
        ledger.request(chunk(2 * number))
        ledger.answered(answer(number))
        assert ledger.broken(gone) == 7
    assert ledger.tally.resumes == 4


def test_a_job_under_way_may_be_gone_on_with_for_a_time_instead() -> None:
    quick = Ledger(StreamPolicy(retries=0, retry_seconds=1e-9), Tally(rows=2))
    patient = Ledger(StreamPolicy(retries=0, retry_seconds=3600), Tally(rows=2))
    new = Ledger(StreamPolicy(retry_seconds=3600), Tally())
    gone = error(grpc.StatusCode.UNAVAILABLE)
    assert all(patient.broken(gone) <= 5 for _ in range(2000))
    for ledger, times in ((quick, 0), (new, 3)):
        collections.deque((ledger.broken(gone) for _ in range(times)), maxlen=0)
        with pytest.raises(HousingError):
            ledger.broken(gone)


def test_a_new_job_that_is_refused_a_place_is_told_at_once() -> None:
    ledger = Ledger(StreamPolicy(), Tally())
    with pytest.raises(HousingError):
        ledger.broken(error(grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_STREAMS", retry=1))
