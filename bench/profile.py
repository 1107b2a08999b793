"""Where the time of a Predict call goes: its stages alone, and what is left of the whole.

The stages that are plain functions are called over and over in this process; the whole call is
processor time of a server under load, as is the empty call of the null server beside it. What
is no stage is gRPC, threads and the boundary around the servicer: key, admission, metrics, log.
"""

import time
from collections.abc import Callable

from housing.v1 import prediction_pb2 as pb

from bench import contest, models, results, sides
from bench.results import Figure
from housing_grpc.bundle import model as bundle_model
from housing_grpc.houses import decode, domain, encode

MODEL = "xgboost"
CALLS, ROUNDS, SECONDS = 20_000, 5, 1.0

Stages = dict[str, float]


def main() -> bool:
    """Prints the stages and records them; there is no goal."""
    house = models.example()
    with models.made(MODEL) as (folder, pipeline):
        stages = _stages(bundle_model.load(folder))
        with sides.nothing(house) as null, sides.ours(folder, pipeline, house) as ours:
            found = contest.measure(
                [null, ours], connections=4, in_flight=8, rounds=ROUNDS, seconds=SECONDS
            )
    whole = 1e6 * contest.summary(found["ours"].cpu).value
    empty = 1e6 * contest.summary(found["null"].cpu).value
    table = {
        "gRPC, threads, kernel; key, admission, metrics, log": whole - sum(stages.values()),
        **stages,
        "the whole call": whole,
        "a call of the null server": empty,
    }
    print("| stage | µs of processor | share |\n|---|---|---|")
    for name, microseconds in table.items():
        print(f"| {name} | {microseconds:.1f} | {microseconds / whole:.0%} |")
    results.record("profile", {k: Figure(value=v, unit="µs") for k, v in table.items()})
    return True


def _stages(bundle: bundle_model.Bundle) -> Stages:
    data = pb.PredictRequest(house=models.to_house(models.example())).SerializeToString()
    row = decode.read_house(data).row
    found = bundle.answer_plain(row, domain.DOMAIN)
    if found is None:
        raise RuntimeError("the house is unlike the training data, or the extension is not built")
    numbers, _ = found
    return {
        "read the request": _timed(lambda: decode.read_house(data)),
        "check, impute, scale, evaluate": _timed(lambda: bundle.answer_plain(row, domain.DOMAIN)),
        "write the answer": _timed(lambda: encode.encode_plain(numbers, row, None, "1", 0)),
    }


def _timed(stage: Callable[[], object]) -> float:
    started = time.process_time()
    for _ in range(CALLS):
        stage()
    return (time.process_time() - started) / CALLS * 1e6
