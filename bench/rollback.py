"""What callers notice of a faulty model: 50 in turn go live under load, and have to go again.

Eight clients ask for prices at half the rate that they reach when nothing else is done. Meanwhile
faulty models go live, each another version; three calls for a house that such a one has no price
for have the server go back by itself. Measured is the time from the failure of the third, as its
caller sees it, to the first answer of the previous model, as another caller asks for it. No call
may fail but those three, and every answer is compared with that of the model which it names.
"""

import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import grpc
import msgspec
import numpy as np
from housing.v1.model_pb2 import ReloadModelRequest
from housing.v1.model_pb2_grpc import ModelServiceStub
from housing.v1.prediction_pb2 import House, PredictRequest
from housing.v1.prediction_pb2_grpc import PredictionServiceStub

from bench import models, reload, results
from bench.callers import Calls, calling, half_of_the_peak
from bench.results import Figure
from bench.serving import serve
from housing_grpc.bundle import format as bundle_format
from housing_grpc.bundle.arrays import Rows
from housing_grpc.bundle.digest import Digest
from housing_grpc.bundle.format import BundleFiles
from housing_grpc.bundle.metadata import Golden
from housing_grpc.bundle.model import Bundle
from housing_grpc.bundle.regressor_file import Linear, encode
from housing_grpc.bundle.schema import FEATURE_NAMES

CLIENTS = 8
FAULTS = 50
GOAL_SECONDS = 0.1
# Of the server: so many prices that are none.
_CALLS = 3
_SATURATION_SECONDS = 5.0
_SECONDS = 60.0
_PORT = 50976
_FIRST = PredictRequest(house=House(rm=6))
_BAD = PredictRequest(house=House(rm=1e30))


@dataclass(frozen=True, kw_only=True)
class Found:
    """What the clients saw.

    Attributes:
        rate: Calls a second that were asked for.
        calls: Of the clients that know of no faulty house.
        backs: Seconds until the previous model answered again, for each faulty one.
        failed: Calls for the faulty house that failed.
    """

    rate: float
    calls: Calls
    backs: list[float]
    failed: int


def steep() -> Linear:
    """Returns a model whose price is beyond all numbers for a house with far too many rooms."""
    weights = np.zeros(len(FEATURE_NAMES))
    weights[FEATURE_NAMES.index("RM")] = 1e300
    return Linear(coefficients=weights, intercept=1.0)


def make_faulty(source: Path, folders: Sequence[Path]) -> None:
    """Writes faulty bundles, each of another version, in the form of a linear one."""
    found = bundle_format.read(source)
    name, arrays = encode(steep())
    blobs = {**found.blobs, name: arrays}
    files = BundleFiles(metadata=found.metadata, blobs=blobs, digest=Digest(""))
    golden = found.metadata.golden
    answers = Bundle(files).predict(np.array(golden.rows, dtype=np.float64)).tolist()
    fresh = Golden(rows=golden.rows, answers=answers, tolerance=golden.tolerance)
    for folder in folders:
        metadata = msgspec.structs.replace(found.metadata, golden=fresh, run_id=folder.name)
        bundle_format.write(folder, metadata, blobs)


def drive(
    address: str, turns: Sequence[Callable[[], None]], asked: Sequence[PredictRequest]
) -> Found:
    """Calls while faulty models go live, and go again.

    Args:
        address: Of the server.
        turns: Each puts another faulty bundle where the server takes it from.
        asked: Requests that every model answers.

    Raises:
        RuntimeError: The server did not go back.
    """
    rate = half_of_the_peak(address, asked, clients=CLIENTS, seconds=_SATURATION_SECONDS)
    backs, failed = [], 0
    with (
        calling(address, asked, clients=CLIENTS, rate=rate) as calls,
        closing(grpc.insecure_channel(address)) as channel,
    ):
        predict = PredictionServiceStub(channel).Predict
        good = predict(_FIRST, timeout=_SECONDS).model_version
        for take in turns:
            take()
            _reload(channel)
            failed += sum(_fails(channel) for _ in range(_CALLS))
            began = time.monotonic()
            while predict(_FIRST, timeout=_SECONDS).model_version != good:
                if time.monotonic() > began + _SECONDS:
                    raise RuntimeError("the server did not go back")
            backs.append(time.monotonic() - began)
    return Found(rate=rate, calls=calls, backs=backs, failed=failed)


def _reload(channel: grpc.Channel) -> None:
    reload_model = ModelServiceStub(channel).ReloadModel
    while True:
        try:
            reload_model(ReloadModelRequest(), timeout=_SECONDS)
        except grpc.RpcError as error:
            # The way back may still be noted.
            if error.code() is not grpc.StatusCode.ABORTED:
                raise
        else:
            return


def _fails(channel: grpc.Channel) -> bool:
    try:
        PredictionServiceStub(channel).Predict(_BAD, timeout=_SECONDS)
    except grpc.RpcError:
        return True
    return False


def put(folder: Path, served: Path) -> Callable[[], None]:
    """Returns what puts a bundle where the server takes it from."""

    def take() -> None:
        shutil.rmtree(served)
        shutil.copytree(folder, served)

    return take


def main(faults: int = FAULTS) -> bool:
    """Prints and records the figures; returns whether they reach their goals."""
    rows: Rows = reload.houses()
    with tempfile.TemporaryDirectory() as scratch:
        live, served = Path(scratch, "live"), Path(scratch, "served")
        models.make_bundle("linear", live)
        faulty = [Path(scratch, f"faulty-{number}") for number in range(faults)]
        make_faulty(live, faulty)
        expected = reload.prices((live, *faulty), rows)
        with serve(Path(shutil.copytree(live, served)), _PORT):
            turns = [put(folder, served) for folder in faulty]
            found = drive(f"127.0.0.1:{_PORT}", turns, reload.requests(rows))
    failed, wrong = found.calls.failed(), found.calls.wrong(expected)
    longest = max(found.backs)
    print(f"{len(found.calls.made)} calls at {found.rate:.0f} a second by {CLIENTS} clients")
    print(f"{len(found.backs)} faulty models, which failed {found.failed} calls for one house")
    print(f"other calls: {failed} failed, {wrong} wrong")
    print(
        f"back after {np.median(found.backs) * 1e3:.1f} ms (median), {longest * 1e3:.1f} ms at"
        f" most; goal: {GOAL_SECONDS * 1e3:.0f} or less"
    )
    figures = {
        "rate": Figure(value=found.rate, unit="calls/s"),
        "faulty models": Figure(value=len(found.backs)),
        "failed": Figure(value=failed),
        "wrong": Figure(value=wrong),
        "back": Figure(value=float(np.median(found.backs)) * 1e3, unit="ms"),
        "longest back": Figure(value=longest * 1e3, unit="ms"),
    }
    results.record("rollback", figures)
    return failed == wrong == 0 and longest <= GOAL_SECONDS
