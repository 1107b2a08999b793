"""What an explanation takes, and what bounds and p-values add to a price; on one core.

Processor time of one row, median of rounds that alternate: the extension in C, NumPy, XGBoost's own
`pred_contribs`, and `shap`, where it is installed (it needs numba, which is in no lock of ours).
Beside it: how much longer rows take that are assessed as well, by the thousand.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from admin.export.reference import scaled
from bench import models, results
from bench.results import Figure
from bench.stream import houses
from housing_grpc.bundle import format as bundle_format
from housing_grpc.bundle.model import Bundle
from housing_grpc.bundle.parts.explanation import Explanation

MODELS = ("xgboost", "gradient_boost", "random_forest")
# Of shap's time, at most.
GOALS = {"xgboost": 1 / 8, "gradient_boost": 1 / 4, "random_forest": 1 / 3}
ROUNDS, SECONDS = 5, 0.2
BATCH = 1000
TOLERANCE = 1e-4

Rows = NDArray[np.float64]
Run = Callable[[], Any]


def main() -> bool:
    """Prints the tables and records them; returns whether every goal is reached."""
    os.sched_setaffinity(0, {0})
    figures: dict[str, Figure] = {}
    print("| model | way | µs a row | of shap's |\n|---|---|---|---|")
    reached = [_explained(name, figures) for name in MODELS]
    print("\n| model | µs a row | assessed as well |\n|---|---|---|")
    for name in ("linear", *MODELS):
        _assessed(name, figures)
    results.record("explain", figures)
    return all(reached)


def _explained(name: str, figures: dict[str, Figure]) -> bool:
    with models.made(name, honest=False) as (folder, pipeline):
        native, plain = _ways(folder)
    row = houses(1)
    other = houses(2)[1]
    sides: dict[str, Run] = {
        "C": partial(native.explain, row),
        "C, against a reference": partial(native.explain, row, other),
        "NumPy": partial(plain.explain, row),
        **_libraries(pipeline, scaled(pipeline, row)),
    }
    _compare(sides, native.explain(row))
    costs = _interleaved(sides)
    theirs = costs.get("shap")
    for side, cost in costs.items():
        figures[f"{name} {side}"] = Figure(value=cost * 1e6, unit="µs")
        ratio = f"{cost / theirs:.3f}" if theirs else "-"
        print(f"| {name} | {side} | {cost * 1e6:,.0f} | {ratio} |", flush=True)
    if theirs is None:
        return True
    figures[f"{name} C ÷ shap"] = Figure(value=costs["C"] / theirs)
    return costs["C"] / theirs <= GOALS[name]


def _libraries(pipeline: Pipeline, row: Rows) -> dict[str, Run]:
    found: dict[str, Run] = {}
    model = pipeline["model"]
    if hasattr(model, "get_booster"):
        booster, xgboost = model.get_booster(), import_module("xgboost")
        booster.set_param({"nthread": 1})
        found["pred_contribs"] = lambda: booster.predict(xgboost.DMatrix(row), pred_contribs=True)
    if find_spec("shap") is not None:
        found["shap"] = partial(import_module("shap").TreeExplainer(model).shap_values, row)
    return found


def _compare(sides: Mapping[str, Run], ours: Explanation | None) -> None:
    """Refuses to measure what is not the same."""
    if ours is None:
        raise SystemExit("the bundle explains nothing")
    for side in ("pred_contribs", "shap"):
        if side in sides:
            theirs = np.asarray(sides[side]())[:, : ours.margins.shape[1]]
            # Written so that a NaN fails.
            if not np.abs(theirs - ours.margins).max() <= TOLERANCE:
                raise SystemExit(f"the contributions of {side} differ; nothing was measured")


def _assessed(name: str, figures: dict[str, Figure]) -> None:
    with models.made(name, honest=True) as (folder, _):
        native, _ = _ways(folder)
    rows = houses(BATCH)
    prices = native.predict(rows)
    sides: dict[str, Run] = {
        "predict": partial(native.predict, rows),
        "assess": partial(native.assess, rows, prices),
    }
    costs = {side: cost / BATCH * 1e6 for side, cost in _interleaved(sides).items()}
    for side, cost in costs.items():
        figures[f"{name} {side}"] = Figure(value=cost, unit="µs")
    print(f"| {name} | {costs['predict']:.2f} | + {costs['assess']:.2f} |", flush=True)


def _ways(folder: Path) -> tuple[Bundle, Bundle]:
    files = bundle_format.read(folder)
    native, plain = Bundle(files), Bundle(files, native=False)
    if native.evaluator != "native":
        raise SystemExit("the evaluator is not built; install a C compiler, then make setup")
    return native, plain


def _interleaved(sides: Mapping[str, Run]) -> dict[str, float]:
    """Returns the processor seconds of a call of each side."""
    rounds = [{side: _timed(run) for side, run in sides.items()} for _ in range(ROUNDS)]
    return {side: statistics.median(each[side] for each in rounds) for side in sides}


def _timed(run: Run) -> float:
    calls, start = 1, time.process_time()
    run()
    # Twice as many each time, so that reading the clock costs nothing.
    while (spent := time.process_time() - start) < SECONDS:
        for _ in range(calls):
            run()
        calls *= 2
    return spent / calls


if __name__ == "__main__":
    sys.exit(not main())
