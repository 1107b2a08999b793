"""Work that gives way to all other threads."""

import os
import threading

import pytest

from housing_grpc.base import background


def test_what_it_gives_comes_back_from_a_thread_of_low_priority() -> None:
    def work() -> tuple[str, int]:
        return threading.current_thread().name, os.getpriority(
            os.PRIO_PROCESS, threading.get_native_id()
        )

    assert background.run(work, "quiet") == ("quiet", 10)
    # This thread is as it was.
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == os.getpriority(
        os.PRIO_PROCESS, 0
    )


@pytest.mark.parametrize("error", [ValueError("what it was"), SystemExit(3), KeyboardInterrupt()])
def test_what_it_raises_is_raised_here(error: BaseException) -> None:
    def work() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        background.run(work, "quiet")
    assert caught.value is error


def test_a_system_that_refuses_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "setpriority", refuse)
    assert background.run(lambda: 7, "quiet") == 7
