"""One faulty model after the other under load: each goes again, and costs no more than its own."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bench import reload
from bench import rollback as bench
from tests.support.examples import Example
from tests.support.processes import ServerProcess, serving

pytestmark = pytest.mark.chaos


def after_the_last(process: ServerProcess, take: Callable[[], None]) -> Callable[[], None]:
    """Reads what the server has logged of the last turn, and takes the next."""

    def turn() -> None:
        process.event("model.rolled_back")
        take()

    return turn


def test_50_faulty_models_go_again(tmp_path: Path, linear: Example) -> None:
    rows = reload.houses()
    served = Path(shutil.copytree(linear.folder, tmp_path / "live"))
    faulty = [tmp_path / f"faulty-{number}" for number in range(bench.FAULTS)]
    bench.make_faulty(linear.folder, faulty)
    with serving(served) as process:
        address = f"127.0.0.1:{process.event('server.serving')['port']}"
        first, *others = (bench.put(folder, served) for folder in faulty)
        turns = [first, *(after_the_last(process, take) for take in others)]
        found = bench.drive(address, turns, reload.requests(rows))
    expected = reload.prices((linear.folder, *faulty), rows)
    assert (found.calls.failed(), found.calls.wrong(expected)) == (0, 0)
    assert (len(found.backs), found.failed) == (bench.FAULTS, 3 * bench.FAULTS)
