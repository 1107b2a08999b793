"""What a child may take of the machine, and how it ends with the server."""

import json
import os
import re
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.bundle.signature import Verifier
from housing_grpc.model.child_processes import Children
from housing_grpc.model.trial import Trial
from tests.support.errors import raised
from tests.support.examples import Example
from tests.support.processes import outcome
from tests.support.waiting import SECONDS

STATEMENT = ("-n", "1", "-r", "1")


# A bundle that takes two gigabytes to load, which no file within the limits does.
GREEDY = """
import sys
from housing_grpc.bundle import files, model, trial_child
model.load = lambda *_, **__: bytearray(2**31)
sys.exit(trial_child.main(files.MAX_BYTES, None))
"""


def refusal(trial: Trial, folder: Path) -> ServingError:
    return raised(ServingError, trial, folder)


def test_a_bundle_that_takes_all_memory(linear: Example) -> None:
    document = json.dumps({"folder": str(linear.folder)})
    ended = outcome([sys.executable, "-c", GREEDY], input=document)
    assert (ended.returncode, ended.stderr) == (1, "")
    told = json.loads(ended.stdout)
    assert told["reason"] == Reason.BUNDLE_FORMAT
    assert re.fullmatch("the bundle takes more than [0-9]+ MiB to load", told["message"])


def test_a_file_that_claims_a_terabyte_does_not_lift_the_limit(
    linear: Example, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(linear.folder, tmp_path / "large"))
    with (folder / "metadata.sig").open("wb") as file:
        file.truncate(2**40)
    error = refusal(Trial(Children()), folder)
    assert error.reason is Reason.BUNDLE_FORMAT
    assert error.message.startswith(f"the bundle is larger than MAX_BUNDLE_BYTES={64 * 2**20}; ")


def test_a_trial_asks_for_the_size_that_is_set(linear: Example) -> None:
    error = refusal(Trial(Children(), max_bytes=1000), linear.folder)
    assert error.message.startswith("the bundle is larger than MAX_BUNDLE_BYTES=1000; ")


def test_a_bundle_that_takes_too_long(linear: Example) -> None:
    # No process has begun to read after so little time.
    error = refusal(Trial(Children(), seconds=0.001), linear.folder)
    assert error.reason is Reason.TRIAL_FAILED
    assert error.message == "the bundle was still loading after 0.001 s"


def test_a_trial_asks_for_the_signature(linear: Example, tmp_path: Path) -> None:
    trial = Trial(Children(), Verifier(tmp_path / "keys"))
    assert refusal(trial, linear.folder).reason is Reason.BUNDLE_SIGNATURE


def test_a_child_stands_back_behind_predictions() -> None:
    # It stands back from when its document comes; before, it may not do so yet.
    found = "[os.nice(0), os.getpgrp() == os.getpid(), os.getsid(0)]"
    statement = (
        f"import json, os, sys; sys.stdin.read(); print(json.dumps({found}), flush=True);"
        " os._exit(0)"
    )
    answer = Children().run("timeit", *STATEMENT, statement, document={}, seconds=60)
    # In a session of its own it would have as much of the processors as the whole server.
    assert answer == [10, True, os.getsid(0)]


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
    error = raised(ServingError, children.run, "keyword", document={}, seconds=1)
    assert error.reason is Reason.SERVER_STOPPING
    assert error.retry_seconds == 1
