"""Children that are started before there is something to do for them."""

import os
import signal
from pathlib import Path

from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.model.child_processes import Children
from tests.support.errors import raised
from tests.support.processes import alive
from tests.support.waiting import until


def command(folder: Path) -> tuple[str, ...]:
    """Returns one that notes its process, and answers with what it then reads."""
    note = f"pathlib.Path({str(folder)!r}, str(os.getpid())).touch()"
    statement = (
        f"import json, os, pathlib, sys; {note}; given = json.load(sys.stdin);"
        " print(json.dumps([os.getpid(), given]), flush=True); os._exit(0)"
    )
    return "timeit", "-n", "1", "-r", "1", statement


def started(folder: Path) -> list[int]:
    """Returns the processes that have noted that they run."""
    return sorted(int(each.name) for each in folder.iterdir())


def test_the_next_run_is_done_by_the_one_that_waits(tmp_path: Path) -> None:
    children, line = Children(), command(tmp_path)
    children.start_ahead(*line)
    until(lambda: bool(started(tmp_path)))
    process, given = children.run(*line, document={"a": 1}, seconds=60)
    assert given == {"a": 1}
    assert started(tmp_path) == [process]
    # It is used up: the next run has one of its own.
    other, _ = children.run(*line, document={}, seconds=60)
    assert other != process


def test_one_that_was_killed_is_replaced(tmp_path: Path) -> None:
    children, line = Children(), command(tmp_path)
    children.start_ahead(*line)
    until(lambda: bool(started(tmp_path)))
    (waiting,) = started(tmp_path)
    os.kill(waiting, signal.SIGKILL)
    until(lambda: not alive(waiting))
    assert children.run(*line, document={}, seconds=60)[0] != waiting


def test_one_that_waits_ends_with_the_server(tmp_path: Path) -> None:
    children = Children()
    children.start_ahead(*command(tmp_path))
    until(lambda: bool(started(tmp_path)))
    children.stop()
    assert not alive(*started(tmp_path))
    # Nobody asks for one then: it is no error, and none starts.
    children.start_ahead(*command(tmp_path))
    error = raised(ServingError, children.run, *command(tmp_path), document={}, seconds=1)
    assert error.reason is Reason.SERVER_STOPPING
