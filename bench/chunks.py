"""Rows a second against chunk size: the stream, and the same bundle in process.

The server and the calls in process have one core, the client another.
"""

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bench import models, results, serving
from bench.results import Series
from clients.python import HousingClient
from housing_grpc.bundle import model as bundle_model
from housing_grpc.bundle.model import Bundle
from housing_grpc.bundle.schema import FEATURE_NAMES

MODEL = "xgboost"
CHUNKS = (1, 10, 100, 1000, 5000)
SECONDS = 1.0

Rows = NDArray[np.float64]


def main() -> bool:
    """Prints the curve and records it; there is no goal."""
    print(f"| rows a chunk | {MODEL} in process, rows/s | stream, rows/s |\n|---|---|---|")
    alone, streamed = Series(), Series()
    port, key = serving.free_port(), serving.new_key()
    with models.made(MODEL) as (folder, _):
        bundle = bundle_model.load(folder)
        with (
            serving.serve(folder, port, core=serving.SERVER_CORE, environment={"API_KEY": key}),
            serving.on_core(serving.CLIENT_CORE),
            HousingClient(f"127.0.0.1:{port}", api_key=key) as client,
        ):
            for chunk in CHUNKS:
                in_process, stream = _in_process(bundle, chunk), _stream(client, chunk)
                alone.add(chunk, in_process)
                streamed.add(chunk, stream)
                print(f"| {chunk} | {in_process:,.0f} | {stream:,.0f} |", flush=True)
    results.record("chunks", {}, series={"chunks": {"in process": alone, "stream": streamed}})
    return True


def _in_process(bundle: Bundle, chunk: int) -> float:
    rows = _houses(chunk)
    with serving.on_core(serving.SERVER_CORE):
        return _rate(lambda: bundle.predict(rows), chunk)


def _stream(client: HousingClient, chunk: int) -> float:
    # The whole stream takes about as long as the calls in process do.
    source = _houses(max(chunk, 200))
    pieces = client.score(source, chunk_rows=chunk, form="matrix", progress=False)
    rate = _rate(lambda: sum(1 for _ in pieces.chunks()), len(source), once=True)
    source = np.tile(source, (max(1, int(rate * SECONDS / len(source))), 1))
    pieces = client.score(source, chunk_rows=chunk, form="matrix", progress=False)
    return _rate(lambda: sum(1 for _ in pieces.chunks()), len(source), once=True)


def _rate(work: Callable[[], object], rows: int, *, once: bool = False) -> float:
    calls, started = 0, time.perf_counter()
    while not calls or (not once and time.perf_counter() - started < SECONDS):
        work()
        calls += 1
    return calls * rows / (time.perf_counter() - started)


def _houses(count: int) -> Rows:
    row = np.array([[models.example()[name] for name in FEATURE_NAMES]])
    return np.repeat(row, count, axis=0)
