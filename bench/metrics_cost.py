"""What all metrics together cost a Predict call: the appends and its share of the folds.

Runs what the server does for a call, without the call: one begins, one answer is noted, one
ends. The folds that this brings about are in the figure. So is nothing else: the loop's own
cost is measured beside it and taken off. Processor time of one thread; the median of some
rounds. Beside it, the same with the counters of prometheus_client, labelled and bound.
"""

import statistics
import time
from collections.abc import Callable

import grpc
import numpy as np
from housing.v1 import model_pb2, prediction_pb2
from prometheus_client import CollectorRegistry, Counter

from bench.models import made
from housing_grpc.bundle import model
from housing_grpc.bundle.ranges import Ranges
from housing_grpc.calls.call import Call, Method
from housing_grpc.houses.scored import Scored
from housing_grpc.metrics.call_observer import CallObserver, methods_of
from housing_grpc.metrics.server_metrics import ServerMetrics

ROUNDS = 15
CALLS = 100_000
BATCH_ROWS = 1000
BATCHES = 300
GOAL_MICROSECONDS = 2.0

_PREDICTION = prediction_pb2.DESCRIPTOR.services_by_name["PredictionService"]
_SERVICES = (_PREDICTION, model_pb2.DESCRIPTOR.services_by_name["ModelService"])


def main() -> bool:
    """Prints the figures; returns whether they reach their goal."""
    metrics = ServerMetrics(
        methods_of(_SERVICES), predictions=_PREDICTION.full_name, version="", gauges={}
    )
    with made("linear") as (folder, _):
        bundle = model.load(folder)
    metrics.predictions.on_live(bundle)
    one = _cost(_calls(metrics, bundle.ranges), _empty, CALLS)
    rows = _cost(_batches(metrics, bundle.ranges), _empty, BATCHES) / BATCH_ROWS
    print(f"metrics of a Predict call: {one:.2f} µs; goal: {GOAL_MICROSECONDS:g} µs or less")
    print(f"  of a row in a batch of {BATCH_ROWS:,}: {rows:.3f} µs")
    counter = Counter("calls", "Calls.", ("method", "code"), registry=CollectorRegistry())
    labelled = _cost(_repeat(lambda: counter.labels("Predict", "OK").inc()), _empty, CALLS)
    bound = _cost(_repeat(counter.labels("Predict", "OK").inc), _empty, CALLS)
    print(f"  beside it, one counter of prometheus_client: labelled {labelled:.2f} µs, ", end="")
    print(f"bound {bound:.2f} µs")
    started = time.thread_time()
    metrics.state()
    print(f"  the state for a scrape: {(time.thread_time() - started) * 1e3:.1f} ms")
    return one <= GOAL_MICROSECONDS


def _calls(metrics: ServerMetrics, ranges: Ranges) -> Callable[[int], None]:
    observer = CallObserver(_SERVICES, metrics.calls, None, str)
    method = Method(_PREDICTION.methods_by_name["Predict"])
    answers = metrics.predictions

    def run(count: int) -> None:
        ok, call = grpc.StatusCode.OK, Call(method, "")
        row, numbers = np.full(13, 0.5).tobytes(), (22.5, 15.0, 30.0, 0.5, 0.4)
        for _ in range(count):
            observer.started(call, ())
            answers.observe_house(ranges, row, numbers)
            observer.ended(call, ok, 0.00025, 1, 1)

    return run


def _batches(metrics: ServerMetrics, ranges: Ranges) -> Callable[[int], None]:
    rows, scored = np.full((BATCH_ROWS, 13), 0.5), Scored(np.full(BATCH_ROWS, 22.5))

    def run(count: int) -> None:
        for _ in range(count):
            metrics.predictions.observe(ranges, rows, scored)

    return run


def _repeat(step: Callable[[], object]) -> Callable[[int], None]:
    def run(count: int) -> None:
        for _ in range(count):
            step()

    return run


def _empty(count: int) -> None:
    for _ in range(count):
        pass


def _cost(run: Callable[[int], None], empty: Callable[[int], None], count: int) -> float:
    run(count)
    found = [_seconds(run, count) - _seconds(empty, count) for _ in range(ROUNDS)]
    return statistics.median(found) / count * 1e6


def _seconds(run: Callable[[int], None], count: int) -> float:
    started = time.thread_time()
    run(count)
    return time.thread_time() - started
