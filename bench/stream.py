"""What the stream costs: its rows a second over those of the same bundle in process.

Chunks of 1,000 rows. The server and the calls in process run on one core, the client
on another; rounds alternate, and the figure is the median of their ratios. Beside it,
the same by processor time, that of the calls in process over that of the whole server.
A goal has to be reached by both: where other programs share the cores, the calls in
process, which never wait, get less of them than the server does, and the first ratio
is too good.

A linear model takes 65 microseconds for 1,000 rows, less than any message of 104 kB
does: its figure shows what a stream can carry, and has no goal.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from admin import data, models, preprocessing
from admin.evaluate import build_pipeline
from admin.export import Facts, export
from admin.strategy import merge
from bench.accuracy import DATA
from bench.serving import Server, serve
from clients.python import HousingClient
from housing_grpc.bundle import model as bundle_model
from housing_grpc.bundle.model import Bundle
from housing_grpc.bundle.schema import FEATURE_NAMES

SERVER_CORE, CLIENT_CORE = 0, 1
CHUNK = 1000
ROUNDS = 9
ROUND_SECONDS = 0.6
PORT = 50972

Rows = NDArray[np.float64]
Form = Literal["matrix", "rows"]

# Model, form and goal.
CASES: tuple[tuple[str, Form, float | None], ...] = (
    ("linear", "matrix", None),
    ("random_forest", "matrix", 0.85),
    ("gradient_boost", "matrix", 0.85),
    ("xgboost", "matrix", 0.85),
    ("xgboost", "rows", 0.5),
)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One round: rows a second, and processor seconds a row."""

    alone: float
    streamed: float
    alone_cpu: float
    streamed_cpu: float


def main() -> bool:
    """Prints the table; returns whether every goal is reached."""
    if (os.cpu_count() or 1) < 2:
        print("two cores are needed: one for the server, one for the client")
        return False
    print("| model | form | in process | stream | ratio | by processor time | goal |")
    print("|---|---|---|---|---|---|---|")
    reached = True
    with tempfile.TemporaryDirectory() as scratch:
        bundles = {name: Path(scratch, name) for name, _, _ in CASES}
        for name, folder in bundles.items():
            make_bundle(name, folder)
        for name, form, goal in CASES:
            ratio = _case(name, form, bundles[name], goal)
            reached &= goal is None or ratio >= goal
    return reached


def make_bundle(name: str, folder: Path) -> None:
    """Trains a model with the shipped defaults on all the data."""
    dataset = data.load(DATA)
    model, preparation = models.get(name), preprocessing.get("v1_median")
    pipeline = build_pipeline(model, merge(model, {}), preparation, merge(preparation, {}), seed=0)
    pipeline.fit(dataset.features, dataset.target)
    facts = Facts(
        name="bench", params={}, metrics={}, run_id="", code_version="",
        trained_at=datetime.now(UTC),
    )  # fmt: skip
    export(
        pipeline,
        model=model,
        preprocessing=preparation,
        training=dataset,
        facts=facts,
        folder=folder,
    )


def houses(count: int) -> Rows:
    """Makes whole houses whose columns are drawn from the data's, each for itself."""
    features = data.load(DATA).features
    random = np.random.default_rng(0)
    columns = [random.choice(features[name].dropna(), count) for name in FEATURE_NAMES]
    return np.column_stack(columns).astype(np.float64)


def _case(name: str, form: Form, folder: Path, goal: float | None) -> float:
    with on_core(SERVER_CORE):
        bundle = bundle_model.load(folder)
        server = serve(folder, PORT)
    with server, on_core(CLIENT_CORE), HousingClient(f"127.0.0.1:{PORT}") as client:
        rounds = [_round(bundle, client, server, form) for _ in range(ROUNDS + 1)][1:]
    ratio = statistics.median(each.streamed / each.alone for each in rounds)
    by_cpu = statistics.median(each.alone_cpu / each.streamed_cpu for each in rounds)
    alone = statistics.median(each.alone for each in rounds)
    streamed = statistics.median(each.streamed for each in rounds)
    wanted = "-" if goal is None else f"{goal:g}"
    print(
        f"| {name} | {form} | {alone:,.0f}/s | {streamed:,.0f}/s | {ratio:.2f} | {by_cpu:.2f} "
        f"| {wanted} |",
        flush=True,
    )
    return min(ratio, by_cpu)


def _round(bundle: Bundle, client: HousingClient, server: Server, form: Form) -> Measured:
    chunk = houses(CHUNK)
    with on_core(SERVER_CORE):
        alone, alone_cpu = _timed(lambda: bundle.predict(chunk), time.process_time)
    count = max(CHUNK, int(alone * ROUND_SECONDS) // CHUNK * CHUNK)
    source = np.tile(chunk, (min(count, 200_000) // CHUNK, 1))
    repeats = max(1, count // len(source))

    def stream() -> None:
        for _ in range(repeats):
            for _ in client.score(source, form=form, progress=False).chunks():
                pass

    before, started = server.cpu_seconds(), time.perf_counter()
    stream()
    seconds, cpu = time.perf_counter() - started, server.cpu_seconds() - before
    rows = len(source) * repeats
    return Measured(
        alone=alone, alone_cpu=alone_cpu, streamed=rows / seconds, streamed_cpu=cpu / rows
    )


def _timed(predict: Callable[[], object], cpu_clock: Callable[[], float]) -> tuple[float, float]:
    calls, started, cpu = 0, time.perf_counter(), cpu_clock()
    while time.perf_counter() - started < ROUND_SECONDS:
        predict()
        calls += 1
    rows = calls * CHUNK
    return rows / (time.perf_counter() - started), (cpu_clock() - cpu) / rows


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """Keeps this thread, and what it starts meanwhile, on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


if __name__ == "__main__":
    sys.exit(not main())
