"""Reloads for minutes: nothing fails, nothing is mixed up, nothing leaks."""

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import grpc
import pytest
from housing.v1.model_pb2 import ReloadModelRequest
from housing.v1.model_pb2_grpc import ModelServiceStub
from housing.v1.prediction_pb2 import House, PredictRequest
from housing.v1.prediction_pb2_grpc import PredictionServiceStub

from bench import reload as bench
from tests.support.examples import Example
from tests.support.processes import ServerProcess, serving

pytestmark = pytest.mark.chaos

LEAK_RELOADS = 200
LEAK_FROM = 50
LEAK_MIB = 0.1
# A thread may be on its way, as of a pool that has not yet needed all of its own.
SLACK = 2


@dataclass(frozen=True, kw_only=True)
class Held:
    """What a process holds."""

    mib: float
    threads: int
    descriptors: int


def held(process: ServerProcess) -> Held:
    where = Path("/proc", str(process.popen.pid))
    status = dict(
        line.split(":", 1) for line in (where / "status").read_text().splitlines() if ":" in line
    )
    return Held(
        mib=int(status["VmRSS"].split()[0]) / 1024,
        threads=int(status["Threads"]),
        descriptors=len(list((where / "fd").iterdir())),
    )


@pytest.fixture
def turns(linear: Example, forest: Example, tmp_path: Path) -> bench.Turns:
    folder = Path(shutil.copytree(linear.folder, tmp_path / "live"))
    return bench.Turns(folder, Path(shutil.copytree(forest.folder, tmp_path / "other")))


def test_100_reloads_at_half_of_saturation(
    turns: bench.Turns, tmp_path: Path, linear: Example, forest: Example
) -> None:
    rows = bench.houses()
    # Else each bundle would still be in memory at its next turn.
    with serving(tmp_path / "live", PROBATION_SECONDS="0") as process:
        address = f"127.0.0.1:{process.event('server.serving')['port']}"
        found = bench.drive(address, turns, bench.requests(rows))
    expected = bench.prices((linear.folder, forest.folder), rows)
    calls = found.calls
    assert (calls.failed(), calls.wrong(expected)) == (0, 0)
    assert {call.version for call in calls.made} == set(expected)
    assert (len(found.windows), found.generation) == (bench.RELOADS, 1 + bench.RELOADS)


def test_200_reloads_leak_nothing(turns: bench.Turns, tmp_path: Path) -> None:
    seen = []
    with serving(tmp_path / "live", PROBATION_SECONDS="0") as process:
        address = f"127.0.0.1:{process.event('server.serving')['port']}"
        with grpc.insecure_channel(address) as channel:
            reload = ModelServiceStub(channel).ReloadModel
            predict = PredictionServiceStub(channel).Predict
            for _ in range(LEAK_RELOADS):
                turns.take()
                assert reload(ReloadModelRequest(), timeout=60).changed
                process.event("model.live")
                predict(PredictRequest(house=House(rm=6)), timeout=60)
                seen.append(held(process))
    before, after = seen[LEAK_FROM - 1], seen[-1]
    print(json.dumps({"before": asdict(before), "after": asdict(after)}))
    assert (after.mib - before.mib) / (LEAK_RELOADS - LEAK_FROM) <= LEAK_MIB
    assert after.threads <= before.threads + SLACK
    assert after.descriptors <= before.descriptors
