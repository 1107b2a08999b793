"""Child processes: what they answer, and how they end."""

import logging
import signal
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.model.child_processes import ChildCrashError, Children, ChildTimeoutError
from housing_grpc.model.trial import Trial
from tests.support.errors import raised
from tests.support.examples import Example
from tests.support.serving import Events
from tests.support.waiting import until

# The standard library's own modules stand in for ones that answer and ones that do not.
STATEMENT = ("-n", "1", "-r", "1")


def run(statement: str, seconds: float = 60) -> object:
    return Children().run("timeit", *STATEMENT, statement, document={"a": 1}, seconds=seconds)


def test_it_reads_a_document_and_answers_with_one() -> None:
    answer = Children().run("json.tool", "--compact", document={"a": [1, None]}, seconds=60)
    assert answer == {"a": [1, None]}


def test_it_may_have_nothing_to_say() -> None:
    assert Children().run("keyword", document={}, seconds=60) is None


def test_one_that_crashes() -> None:
    with pytest.raises(ChildCrashError, match=f"exit code -{int(signal.SIGABRT)}"):
        run("import os; os.abort()")


def test_one_that_prints_something_else() -> None:
    with pytest.raises(ChildCrashError, match="exit code 0"):
        run("pass")


def test_one_that_takes_too_long_is_killed_with_all_that_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = tmp_path / "started"
    communicate = subprocess.Popen.communicate

    def once_it_has_started(child: Any, *given: Any, **named: Any) -> Any:
        # Its time is counted from here: there is nothing to kill before.
        end = time.monotonic() + 60
        while not note.exists():
            assert time.monotonic() < end
            time.sleep(0.01)
        return communicate(child, *given, **named)

    monkeypatch.setattr(subprocess.Popen, "communicate", once_it_has_started)
    statement = (
        "import subprocess, sys, pathlib;"
        "other = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
        f"pathlib.Path({str(note)!r}).touch();"
        "other.wait()"
    )
    with pytest.raises(ChildTimeoutError):
        # This would last for minutes if the other still held the child's output.
        run(statement, seconds=0.2)


def test_a_bundle_is_tried(linear: Example) -> None:
    Trial(Children())(linear.folder)


def test_a_bundle_that_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ServingError, match=r"^nothing: is not a folder$") as caught:
        Trial(Children())(tmp_path / "nothing")
    assert caught.value.reason is Reason.BUNDLE_FORMAT


def test_a_trial_that_crashes_tells_the_log_and_not_the_caller(
    linear: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, events: Events
) -> None:
    interpreter = tmp_path / "python"
    interpreter.write_text('#!/bin/sh\necho "$0: cannot go on" >&2\nkill -SEGV $$\n')
    interpreter.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(interpreter))
    error = raised(ServingError, Trial(Children()), linear.folder)
    assert error.reason is Reason.TRIAL_FAILED
    assert error.message == "the process that tried the bundle was killed or crashed"
    # A server of another test may still tell of calls that it ended.
    (record,) = [each for each in events.records if each.msg == "trial.crashed"]
    assert record.levelno == logging.ERROR
    assert record.exc_info is not None
    assert str(record.exc_info[1]) == f"exit code -11: {interpreter}: cannot go on"


def test_a_question_is_answered_or_fails_as_it_would_here() -> None:
    children = Children()
    assert children.ask(lambda: threading.current_thread().name, 60) == "question"
    with pytest.raises(ZeroDivisionError):
        children.ask(lambda: 1 / 0, 60)
    assert children.ask(lambda: 2, 60) == 2


def test_a_question_that_hangs_is_left_alone() -> None:
    children, ended, begun = Children(), threading.Event(), []

    def hang() -> bool:
        begun.append(1)
        return ended.wait(60)

    # The second is not even begun: each would keep a thread.
    for _ in range(2):
        with pytest.raises(ChildTimeoutError):
            children.ask(hang, 0.05)
    until(lambda: bool(begun))
    assert begun == [1]
    ended.set()
    until(lambda: answers(children))


def answers(children: Children) -> bool:
    try:
        return children.ask(lambda: True, 60)
    except ChildTimeoutError:
        return False


def test_nobody_waits_for_a_question_at_the_stop() -> None:
    children, begun, ended = Children(), threading.Event(), threading.Event()

    def hang() -> None:
        begun.set()
        ended.wait(60)

    with ThreadPoolExecutor() as pool:
        asked = pool.submit(children.ask, hang, 60)
        assert begun.wait(60)
        children.stop()
        assert raised(ServingError, asked.result).reason is Reason.SERVER_STOPPING
        ended.set()
    assert raised(ServingError, children.ask, int, 1).reason is Reason.SERVER_STOPPING
