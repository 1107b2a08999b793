"""What the stream costs: its rows a second over those of the same bundle in process.

In process means `Bundle.predict` in a loop, with arrays that are there already: the
fastest way to that model that is exact, the evaluator in C where it was built. The stream
is sent by a client that only sends: its requests are made beforehand, and of the answers
it looks at the first. What making requests costs a client is not in these figures.

The server and the calls in process run on one core, the client on another; rounds
alternate, and a figure is the median of their ratios. The goals hold for the ratio by
processor time, that of the calls in process over that of the whole server: other programs
on the machine hardly change it. The one by the clock stands beside it; on an idle machine
the two are the same.

A linear model takes some 35 microseconds for 1,000 rows, less than any message of 104 kB
does: its figure shows what a stream can carry, and has no goal.
"""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path
from typing import Any, Literal

import grpc
import numpy as np
from housing.v1 import prediction_pb2 as pb
from numpy.typing import NDArray

from admin.data import dataset
from bench import contest, models, results, serving
from bench.accuracy import DATA
from bench.results import Figure
from bench.serving import CLIENT_CORE, SERVER_CORE, Server, on_core
from housing_grpc.bundle import model as bundle_model
from housing_grpc.bundle.model import Bundle
from housing_grpc.bundle.schema import FEATURE_NAMES

METHOD = "/housing.v1.PredictionService/PredictStream"
CHUNKS = (1_000, 10_000)
ROUNDS, SECONDS = 7, 0.6
QUICK_ROUNDS, QUICK_SECONDS = 3, 0.4
TOLERANCE = 1e-9
# No chunk takes less.
_LEAST_CHUNK_SECONDS = 0.0003

Rows = NDArray[np.float64]
Form = Literal["matrix", "rows"]
FORMS: tuple[Form, ...] = ("matrix", "rows")

# Of chunks of 1,000 rows; by model and form.
GOALS: dict[tuple[str, Form], float] = {
    ("random_forest", "matrix"): 0.85,
    ("gradient_boost", "matrix"): 0.85,
    ("xgboost", "matrix"): 0.85,
    ("xgboost", "rows"): 0.5,
}


@dataclass(frozen=True, kw_only=True)
class Rounds:
    """By round: rows a second, and processor seconds a row."""

    alone: list[float] = field(default_factory=list)
    alone_cpu: list[float] = field(default_factory=list)
    streamed: list[float] = field(default_factory=list)
    streamed_cpu: list[float] = field(default_factory=list)


class Sender:
    """Sends one chunk over and over.

    Args:
        channel: To the server.
        rows: The chunk, shape (n, features), without blanks.
        form: Of the messages.
        intervals: Whether a matrix is to be answered with intervals and p-values.
    """

    def __init__(
        self, channel: grpc.Channel, rows: Rows, form: Form, *, intervals: bool = False
    ) -> None:
        self._call: Any = channel.stream_stream(METHOD)
        request = _request(rows, form)
        request.intervals = intervals
        self._request = request.SerializeToString()

    def send(self, chunks: int) -> bytes:
        """Sends so many chunks and takes all answers; returns the first."""
        answers = self._call(repeat(self._request, chunks))
        first: bytes = next(answers)
        for _ in answers:
            pass
        return first


def main(arguments: Sequence[str] = ()) -> bool:
    """Prints the table and records it; returns whether every goal is reached.

    Args:
        arguments: "--quick" for fewer and shorter rounds, which are not recorded.
    """
    quick = "--quick" in arguments
    rounds, seconds = (QUICK_ROUNDS, QUICK_SECONDS) if quick else (ROUNDS, SECONDS)
    print("| model | form | rows a chunk | in process | stream | by processor time ", end="")
    print("| by clock | goal |\n|---|---|---|---|---|---|---|---|")
    figures: dict[str, Figure] = {}
    reached = True
    for name in models.TYPES:
        with models.made(name) as (folder, _):
            for form, chunk, found in _model(folder, rounds, seconds):
                goal = GOALS.get((name, form)) if chunk == CHUNKS[0] else None
                ratio = _report(name, form, chunk, found, goal=goal, into=figures)
                reached &= goal is None or ratio >= goal
    if not quick:
        results.record("stream", figures)
    return reached


def houses(count: int) -> Rows:
    """Makes whole houses whose columns are drawn from the data's, each for itself."""
    features = dataset.load(DATA).features
    random = np.random.default_rng(0)
    columns = [random.choice(features[name].dropna(), count) for name in FEATURE_NAMES]
    return np.column_stack(columns).astype(np.float64)


def _model(folder: Path, rounds: int, seconds: float) -> Iterator[tuple[Form, int, Rounds]]:
    bundle, port = bundle_model.load(folder), serving.free_port()
    server = serving.serve(folder, port, core=SERVER_CORE)
    address = f"127.0.0.1:{port}"
    with server, on_core(CLIENT_CORE), grpc.insecure_channel(address) as channel:
        for form in FORMS:
            for chunk in CHUNKS:
                rows, found = houses(chunk), Rounds()
                sender = Sender(channel, rows, form)
                _check(bundle, rows, sender.send(3))
                for _ in range(rounds):
                    _round(bundle, rows, sender, server, seconds=seconds, into=found)
                yield form, chunk, found


def _round(
    bundle: Bundle, rows: Rows, sender: Sender, server: Server, *, seconds: float, into: Rounds
) -> None:
    with on_core(SERVER_CORE):
        calls, took, cpu = _timed(lambda: bundle.predict(rows), seconds / 2)
    into.alone.append(calls * len(rows) / took)
    into.alone_cpu.append(cpu / (calls * len(rows)))
    chunks = max(2, int(seconds / max(took / calls, _LEAST_CHUNK_SECONDS)))
    before, started = server.cpu_seconds(), time.perf_counter()
    sender.send(chunks)
    into.streamed.append(chunks * len(rows) / (time.perf_counter() - started))
    into.streamed_cpu.append((server.cpu_seconds() - before) / (chunks * len(rows)))


def _timed(predict: Callable[[], object], seconds: float) -> tuple[int, float, float]:
    calls, started, cpu = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - started < seconds:
        predict()
        calls += 1
    return calls, time.perf_counter() - started, time.process_time() - cpu


def _report(
    name: str,
    form: Form,
    chunk: int,
    found: Rounds,
    *,
    goal: float | None,
    into: dict[str, Figure],
) -> float:
    by_cpu = contest.ratio(found.alone_cpu, found.streamed_cpu)
    by_clock = contest.ratio(found.streamed, found.alone)
    alone = contest.summary(found.alone, unit="1/s")
    streamed = contest.summary(found.streamed, unit="1/s")
    key = f"{name} {form}" if chunk == CHUNKS[0] else f"{name} {form} {chunk}"
    into |= {
        key: by_cpu,
        f"{key} by clock": by_clock,
        f"{key} rows": streamed,
        f"{key} rows in process": alone,
    }
    wanted = "-" if goal is None else f"{goal:g}"
    print(
        f"| {name} | {form} | {chunk:,} | {alone.value:,.0f}/s | {streamed.value:,.0f}/s "
        f"| {by_cpu.value:.2f} | {by_clock.value:.2f} | {wanted} |",
        flush=True,
    )
    return by_cpu.value


def _check(bundle: Bundle, rows: Rows, answer: bytes) -> None:
    chunk = pb.PredictStreamResponse.FromString(answer).chunk
    if chunk.HasField("prices"):
        found = np.frombuffer(chunk.prices.values, "<f8")
    else:
        found = np.array([each.prediction for each in chunk.rows.items])
    if not np.allclose(found, bundle.predict(rows), rtol=0, atol=TOLERANCE):
        raise RuntimeError("the stream answers something else than the bundle does")


def _request(rows: Rows, form: Form) -> pb.PredictStreamRequest:
    if form == "matrix":
        block = pb.HouseMatrix(features=FEATURE_NAMES, values=rows.astype("<f8").tobytes())
        return pb.PredictStreamRequest(matrix=block)
    items = [models.to_house(dict(zip(FEATURE_NAMES, row, strict=True))) for row in rows.tolist()]
    return pb.PredictStreamRequest(rows=pb.HouseRows(items=items))


if __name__ == "__main__":
    sys.exit(not main(sys.argv[1:]))
