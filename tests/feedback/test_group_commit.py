"""Requests that come together share one commit, and each gets its own results."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from housing_grpc.feedback.errors import StoreUnavailableError
from housing_grpc.feedback.group_commit import GroupCommit
from housing_grpc.feedback.outcome import Outcome, Recorded
from tests.support.outcomes import outcome
from tests.support.waiting import SECONDS, until


class Written:
    """Keeps what is written together; the first write waits until it may go on."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.parts: list[list[float]] = []
        self.begun, self.go_on = threading.Event(), threading.Event()
        self._fault = fault

    def write(self, outcomes: Sequence[Outcome], seconds: float) -> list[Recorded]:
        self.parts.append([each.actual for each in outcomes])
        self.begun.set()
        assert self.go_on.wait(SECONDS)
        if self._fault and len(self.parts) > 1:
            raise self._fault
        return [Recorded.NEW if each.actual < 100 else Recorded.SAME for each in outcomes]


def together(written: Written) -> list[object]:
    """Records 1, and meanwhile 2 and 200 and 300; gives what each got."""
    commits = GroupCommit(written.write)

    def record(*actual: float) -> object:
        try:
            return commits.record([outcome(each) for each in actual], SECONDS)
        except (StoreUnavailableError, ValueError) as error:
            return type(error)

    with ThreadPoolExecutor(3) as threads:
        first = threads.submit(record, 1.0)
        assert written.begun.wait(SECONDS)
        others = [threads.submit(record, 2.0, 200.0), threads.submit(record, 300.0)]
        until(lambda: len(commits.waiting) == 2)
        written.go_on.set()
        return [each.result(SECONDS) for each in (first, *others)]


def test_those_that_wait_are_written_at_once() -> None:
    written = Written()
    assert together(written) == [
        [Recorded.NEW],
        [Recorded.NEW, Recorded.SAME],
        [Recorded.SAME],
    ]
    assert sorted(map(sorted, written.parts)) == [[1.0], [2.0, 200.0, 300.0]]


@pytest.mark.parametrize("fault", [StoreUnavailableError("away"), ValueError("ours")])
def test_a_write_that_fails_fails_for_all_who_wait(fault: Exception) -> None:
    first, *others = together(Written(fault))
    assert first == [Recorded.NEW]
    assert StoreUnavailableError in others
    assert set(others) <= {StoreUnavailableError, type(fault)}


def test_who_waits_too_long_is_not_written() -> None:
    written = Written()
    commits = GroupCommit(written.write)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(commits.record, [outcome(1.0)], SECONDS)
        assert written.begun.wait(SECONDS)
        with pytest.raises(StoreUnavailableError):
            commits.record([outcome(2.0)], 0.05)
        written.go_on.set()
        assert first.result(SECONDS) == [Recorded.NEW]
    assert written.parts == [[1.0]]
