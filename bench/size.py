"""What a call costs against the size of the model: Predict with ever more trees.

Beside it, the same row on the bundle in process: the model's own share of the call.
"""

import time

import numpy as np

from bench import contest, models, results, sides
from bench.results import Figure, Series
from housing_grpc.bundle import model as bundle_model
from housing_grpc.bundle.schema import FEATURE_NAMES

TREES = (30, 100, 300, 1000, 3000)
# Model types whose size is their number of trees.
MODELS = ("random_forest", "xgboost")
# Deep trees of a forest are large: more of them take minutes to train and compare.
MOST = {"random_forest": 1000, "xgboost": 3000}
ROUNDS, SECONDS = 3, 0.7
ROWS = 2000


def main() -> bool:
    """Prints the table and records it; there is no goal."""
    print("| model | trees | call, µs of processor | model alone, µs |\n|---|---|---|---|")
    figures: dict[str, Figure] = {}
    curves: dict[str, Series] = {}
    for name in MODELS:
        call, alone = Series(), Series()
        for trees in (each for each in TREES if each <= MOST[name]):
            cost, model_cost = _measure(name, trees)
            print(f"| {name} | {trees} | {cost.value:.0f} | {model_cost:.1f} |", flush=True)
            figures[f"{name} {trees}"] = cost
            call.add(trees, cost.value)
            alone.add(trees, model_cost)
        # In theory a call is the smallest one's, and what the model takes more.
        rest = call.y[0] - alone.y[0]
        theory = Series(x=call.x, y=[rest + each for each in alone.y])
        curves |= {
            f"{name}, call": call,
            f"{name}, call in theory": theory,
            f"{name}, model alone": alone,
        }
    results.record("size", figures, series={"size": curves})
    return True


def _measure(name: str, trees: int) -> tuple[Figure, float]:
    house = models.example()
    with models.made(name, params={"n_estimators": trees}) as (folder, pipeline):
        with sides.ours(folder, pipeline, house) as ours:
            found = contest.measure(
                [ours], connections=4, in_flight=8, rounds=ROUNDS, seconds=SECONDS
            )
        alone = _alone(bundle_model.load(folder), [house[n] for n in FEATURE_NAMES])
    return contest.summary([1e6 * each for each in found["ours"].cpu], unit="µs"), alone


def _alone(bundle: bundle_model.Bundle, values: list[float]) -> float:
    row = np.array([values])
    started = time.process_time()
    for _ in range(ROWS):
        bundle.predict(row)
    return (time.process_time() - started) / ROWS * 1e6
