"""What a process does when it is told to read its keys anew, over and over."""

import sys
import textwrap

from tests.support.processes import outcome

# In a process of its own: signals are the whole process's, and so are their handlers.
_PROCESS = textwrap.dedent("""
    import os, signal, threading, time
    from housing_grpc.base.signals import Signals

    begun, may_end, count = threading.Event(), threading.Event(), 0

    def hang_up():
        global count
        count += 1
        begun.set()
        may_end.wait()

    stop = Signals(lambda: None, hang_up)
    os.kill(os.getpid(), signal.SIGHUP)
    begun.wait()
    for _ in range(2000):
        os.kill(os.getpid(), signal.SIGHUP)
        time.sleep(0.0001)
    stop.serving()
    os.kill(os.getpid(), signal.SIGTERM)
    stop.wait()  # All that came before have been heard by now.
    may_end.set()
    time.sleep(0.5)
    print(count, flush=True)
    os._exit(0)
""")


def test_hang_ups_by_the_thousand_are_two() -> None:
    found = outcome([sys.executable, "-c", _PROCESS], timeout=60)
    # The one that is under way, and one for all that came meanwhile.
    assert (found.returncode, found.stdout) == (0, "2\n"), found.stderr
