"""What callers notice of reloads: 100 in 120 seconds, at half of what the server can bear.

Eight clients ask for prices at half the rate that they reach when nothing else is done, while two
bundles take turns, one of them a forest of 300 trees of any depth. What a call takes during a
reload is compared with what it takes between two, so that both see the same machine; the thirds of
the time, each for itself, say how far such a figure is from run to run. Every answer is compared
with what the bundle that it names answers in this process.
"""

import itertools
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import grpc
import numpy as np
from housing.v1.model_pb2 import ReloadModelRequest
from housing.v1.model_pb2_grpc import ModelServiceStub
from housing.v1.prediction_pb2 import PredictRequest
from numpy.typing import NDArray

from bench import models, results
from bench.callers import Calls, calling, half_of_the_peak
from bench.results import Figure
from bench.serving import serve
from housing_grpc.bundle.model import load
from housing_grpc.bundle.schema import FEATURE_NAMES

CLIENTS = 8
RELOADS = 100
SECONDS = 120.0
GOAL_GAP = 0.25
GOAL_RATIO = 1.5
QUANTILES = (0.5, 0.9, 0.99)
_SETTLING_SECONDS = 0.1
_SATURATION_SECONDS = 5.0
_PORT = 50977
_HOUSES = 50

Window = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Found:
    """What the clients saw.

    Attributes:
        rate: Calls a second that were asked for.
        calls: Of all clients.
        windows: Start and end of each reload.
        generation: Of the model after the last reload.
    """

    rate: float
    calls: Calls
    windows: list[Window]
    generation: int


class Turns:
    """Two bundles that take turns at being the one in the folder.

    Args:
        folder: What the server serves.
        other: Takes its place at the next turn.
    """

    def __init__(self, folder: Path, other: Path) -> None:
        self._folder, self._other = folder, other

    def take(self) -> None:
        """Exchanges the two."""
        aside = self._folder.with_name("aside")
        self._folder.rename(aside)
        self._other.rename(self._folder)
        aside.rename(self._other)


def houses() -> NDArray[np.float64]:
    """Returns houses to ask for, shape (n, 13), some values missing."""
    rng = np.random.default_rng(5)
    low, high = np.zeros(13), np.array([80, 100, 27, 1, 1, 9, 100, 12, 24, 700, 22, 390, 37])
    rows = rng.uniform(low, high, size=(_HOUSES, 13))
    for name in ("CHAS", "RAD"):
        rows[:, FEATURE_NAMES.index(name)] = 1.0
    rows[::7, FEATURE_NAMES.index("LSTAT")] = np.nan
    return rows


def requests(rows: NDArray[np.float64]) -> list[PredictRequest]:
    """Returns the request for the price of each house."""
    named = (dict(zip(FEATURE_NAMES, row, strict=True)) for row in rows.tolist())
    return [
        PredictRequest(house=models.to_house({k: v for k, v in row.items() if not np.isnan(v)}))
        for row in named
    ]


def prices(folders: Sequence[Path], rows: NDArray[np.float64]) -> Mapping[str, list[float]]:
    """Returns what each bundle answers in this process, by its version."""
    found = {}
    for folder in folders:
        bundle = load(folder)
        found[bundle.digest[:12]] = [float(bundle.predict(row[None])[0]) for row in rows]
    return found


def drive(
    address: str,
    turns: Turns,
    asked: Sequence[PredictRequest],
    *,
    reloads: int = RELOADS,
    seconds: float = SECONDS,
) -> Found:
    """Calls while the server reloads again and again."""
    rate = half_of_the_peak(address, asked, clients=CLIENTS, seconds=_SATURATION_SECONDS)
    windows, generation = [], 0
    with (
        calling(address, asked, clients=CLIENTS, rate=rate) as calls,
        closing(grpc.insecure_channel(address)) as channel,
    ):
        reload = ModelServiceStub(channel).ReloadModel
        began = time.monotonic()
        for number in range(reloads):
            time.sleep(max(0.0, began + number * seconds / reloads - time.monotonic()))
            turns.take()
            start = time.monotonic()
            generation = reload(ReloadModelRequest(), timeout=60).generation
            windows.append((start, time.monotonic()))
        time.sleep(max(0.0, began + seconds - time.monotonic()))
    return Found(rate=rate, calls=calls, windows=windows, generation=generation)


def main() -> bool:
    """Prints and records the figures; returns whether they reach their goals."""
    with tempfile.TemporaryDirectory() as scratch:
        live, other = Path(scratch, "live"), Path(scratch, "other")
        for name, folder in (("xgboost", live), ("random_forest", other)):
            models.make_bundle(name, folder)
        rows = houses()
        expected = prices((live, other), rows)
        # Else each bundle would still be in memory at its next turn.
        ours = {"PROBATION_SECONDS": "0"}
        served = Path(shutil.copytree(live, Path(scratch, "served")))
        with serve(served, _PORT, environment=ours):
            turns = Turns(served, other)
            found = drive(f"127.0.0.1:{_PORT}", turns, requests(rows))
    return _report(found, expected)


def _peace(windows: Sequence[Window]) -> list[Window]:
    """Returns the times between reloads, each from when what the last one held up is over."""
    pairs = itertools.pairwise(windows)
    return [(end + _SETTLING_SECONDS, start) for (_, end), (start, _) in pairs]


def _waits(calls: Calls, windows: Sequence[Window]) -> tuple[list[float], list[float]]:
    """Returns the quantiles of what calls took during reloads, and between them."""
    during, between = (
        np.quantile(calls.within(each).latencies(), QUANTILES).tolist()
        for each in (windows, _peace(windows))
    )
    return during, between


def _report(found: Found, expected: Mapping[str, list[float]]) -> bool:
    during, between = _waits(found.calls, found.windows)
    p99, steady = during[-1], between[-1]
    ratio, gap = p99 / steady, found.calls.longest_gap()
    third = len(found.windows) // 3
    thirds = [
        _waits(found.calls, found.windows[start : start + third])
        for start in range(0, 3 * third, third)
    ]
    failed, wrong = found.calls.failed(), found.calls.wrong(expected)
    taken = float(np.median([end - start for start, end in found.windows]))
    print(f"{len(found.calls.made)} calls at {found.rate:.0f} a second by {CLIENTS} clients")
    print(f"{len(found.windows)} reloads of {taken:.2f} s: {failed} calls failed, {wrong} wrong")
    print(f"longest gap without a success: {gap * 1e3:.0f} ms; goal: {GOAL_GAP * 1e3:.0f} or less")
    for quantile, waited, usual in zip(QUANTILES, during, between, strict=True):
        print(
            f"p{quantile * 100:.0f} while it reloads: {waited * 1e3:.1f} ms; in peace:"
            f" {usual * 1e3:.1f} ms; beyond: {(waited - usual) * 1e3:.1f} ms"
        )
    each = ", ".join(f"{reloading[-1] / peace[-1]:.2f}" for reloading, peace in thirds)
    print(f"p99 ratio: {ratio:.2f} (thirds: {each}); goal: {GOAL_RATIO} or less")
    figures = {
        "rate": Figure(value=found.rate, unit="calls/s"),
        "reloads": Figure(value=len(found.windows)),
        "reload": Figure(value=taken, unit="s"),
        "failed": Figure(value=failed),
        "wrong": Figure(value=wrong),
        "longest gap": Figure(value=gap * 1e3, unit="ms"),
        "p99 in peace": Figure(value=steady * 1e3, unit="ms"),
        "p99 while it reloads": Figure(value=p99 * 1e3, unit="ms"),
    }
    results.record("reload", figures)
    return failed == wrong == 0 and gap <= GOAL_GAP and ratio <= GOAL_RATIO
