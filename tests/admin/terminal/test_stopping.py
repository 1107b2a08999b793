"""A signal that tells a command to stop is heard wherever it comes."""

import os
import signal
import subprocess
import sys

import pytest

from tests.admin.terminal.fake_terminal import ROOT, unmeasured
from tests.support.processes import outcome
from tests.support.waiting import SECONDS

# The signal comes while an object is being deleted, where Python drops what is raised.
_DELETING = """
import sys, time
from admin.terminal import stopping

class Held:
    def __del__(self):
        print("here", flush=True)
        time.sleep(600)

stopping.prepare()
try:
    held = Held()
    del held
    time.sleep(600)
except (KeyboardInterrupt, stopping.StoppedError) as error:
    print(type(error).__name__)
"""
# The system may give a signal to any thread.
_ELSEWHERE = """
import signal, sys, threading, time
from admin.terminal import stopping

def take():
    time.sleep(0.2)
    signal.pthread_kill(threading.get_ident(), int(sys.argv[1]))

stopping.prepare()
try:
    threading.Thread(target=take).start()
    time.sleep(600)
except (KeyboardInterrupt, stopping.StoppedError) as error:
    print(type(error).__name__)
"""
_WRONG = """
from admin.terminal import stopping

class Broken:
    def __del__(self):
        raise ValueError("of another kind")

stopping.prepare()
stopping.prepare()
broken = Broken()
del broken
"""


_HEARD = pytest.mark.parametrize(
    ("number", "heard"),
    [(signal.SIGTERM, "StoppedError"), (signal.SIGINT, "KeyboardInterrupt")],
)


@_HEARD
def test_it_is_not_lost_where_python_drops_it(number: signal.Signals, heard: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _DELETING],
        cwd=ROOT, env=unmeasured(os.environ), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "here\n"
    process.send_signal(number)
    assert process.communicate(timeout=SECONDS) == (f"{heard}\n", "")


@_HEARD
def test_it_is_not_lost_where_another_thread_gets_it(number: signal.Signals, heard: str) -> None:
    command = [sys.executable, "-c", _ELSEWHERE, str(number.value)]
    assert outcome(command, check=True).stdout == f"{heard}\n"


def test_what_else_python_drops_is_told_once() -> None:
    process = outcome([sys.executable, "-c", _WRONG], check=True)
    assert process.stderr.count("ValueError: of another kind") == 1
