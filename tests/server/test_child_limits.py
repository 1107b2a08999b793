"""What a child may take of the machine, and how it ends with the server."""

import shutil
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from housing_grpc.bundle import format as bundle_format
from housing_grpc.bundle.format import MODEL_FILE
from housing_grpc.bundle.signature import Verifier
from housing_grpc.child import Children, Trial
from housing_grpc.errors import Reason, ServingError
from tests import hostile
from tests.examples import Example
from tests.server.conftest import Events, Serve
from tests.server.wire import failure, reason_of
from tests.support.reloads import price, reload, replace
from tests.support.waiting import SECONDS

STATEMENT = ("-n", "1", "-r", "1")


@pytest.fixture
def bundle_of(linear: Example, tmp_path: Path) -> Callable[[bytes], Path]:
    """Writes a bundle with another graph; its answers are not those of the graph."""

    def write(graph: bytes) -> Path:
        found = bundle_format.read(linear.folder)
        folder = tmp_path / "hostile"
        bundle_format.write(folder, found.metadata, {**found.blobs, MODEL_FILE: graph})
        return folder

    return write


def refusal(trial: Trial, folder: Path) -> ServingError:
    with pytest.raises(ServingError) as caught:
        trial(folder)
    return caught.value


def test_a_bundle_that_takes_all_memory(bundle_of: Callable[[bytes], Path], events: Events) -> None:
    error = refusal(Trial(Children()), bundle_of(hostile.memory(mib=1000)))
    assert error.reason is Reason.BUNDLE_FORMAT
    assert error.message == "the bundle crashed the process that tried it"
    (record,) = [each for each in events.records if each.msg == "trial.crashed"]
    assert record.exc_info is not None
    assert "Failed to allocate memory" in str(record.exc_info[1])


def test_a_bundle_that_takes_some_memory_is_judged_by_its_answers(
    bundle_of: Callable[[bytes], Path],
) -> None:
    error = refusal(Trial(Children()), bundle_of(hostile.memory(mib=50)))
    assert error.reason is Reason.SELF_TEST


def test_a_bundle_that_never_ends(bundle_of: Callable[[bytes], Path]) -> None:
    error = refusal(Trial(Children(), seconds=3), bundle_of(hostile.endless()))
    assert error.reason is Reason.BUNDLE_FORMAT
    assert error.message == "the bundle was still loading after 3 s"


def test_a_server_survives_a_bundle_that_takes_all_memory(
    serve: Serve, linear: Example, bundle_of: Callable[[bytes], Path], tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(linear.folder, tmp_path / "live"))
    client = serve(folder)
    before = price(client)
    replace(folder, bundle_of(hostile.memory(mib=1000)))
    assert reason_of(failure(lambda: reload(client))) == "BUNDLE_FORMAT"
    assert price(client) == before
    replace(folder, linear.folder)
    assert not reload(client).changed


def test_a_trial_asks_for_the_signature(linear: Example, tmp_path: Path) -> None:
    trial = Trial(Children(), Verifier(tmp_path / "keys"))
    assert refusal(trial, linear.folder).reason is Reason.BUNDLE_SIGNATURE


def test_a_child_may_stand_back() -> None:
    # It stands back from when its document comes; before, it may not do so yet.
    statement = "import os, sys; sys.stdin.read(); print(os.nice(0), flush=True); os._exit(0)"
    answer = Children().run("timeit", *STATEMENT, statement, document={}, seconds=60, niceness=10)
    assert answer == 10


def test_all_children_end_with_the_server(tmp_path: Path) -> None:
    children, notes = Children(), [tmp_path / "first", tmp_path / "second"]

    def run(note: Path) -> object:
        statement = f"import pathlib, time; pathlib.Path({str(note)!r}).touch(); time.sleep(600)"
        return children.run("timeit", *STATEMENT, statement, document={}, seconds=600)

    with ThreadPoolExecutor(2) as pool:
        running = [pool.submit(run, note) for note in notes]
        while not all(note.exists() for note in notes):
            assert not any(each.done() for each in running)
            time.sleep(0.05)
        children.stop()
        for each in running:
            error = each.exception(timeout=SECONDS)
            assert isinstance(error, ServingError)
            assert error.reason is Reason.SERVER_STOPPING


def test_no_child_starts_after_the_end(tmp_path: Path) -> None:
    children = Children()
    children.stop()
    with pytest.raises(ServingError) as caught:
        children.run("keyword", document={}, seconds=1)
    assert caught.value.reason is Reason.SERVER_STOPPING
    assert caught.value.retry_seconds == 1
