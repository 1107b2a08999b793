"""Where the time of a Predict call goes: its stages alone, and what is left of the whole.

The stages that are plain functions are called over and over in this process; the whole
call, and the empty call of the null server, are processor time of a server under load.
What is neither is the boundary around the servicer: key, admission, metrics, log.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from housing.v1 import prediction_pb2 as pb

from bench import contest, models, results, sides
from bench.results import Figure
from housing_grpc import codec_house, codec_price
from housing_grpc.bundle import model as bundle_model

MODEL = "xgboost"
CALLS, ROUNDS, SECONDS = 20_000, 5, 1.0

Stages = dict[str, float]


def main() -> bool:
    """Prints the stages and records them; there is no goal."""
    house = models.example()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "bundle")
        pipeline = models.make_bundle(MODEL, folder)
        stages = _stages(bundle_model.load(folder))
        with sides.nothing(house) as null, sides.ours(folder, pipeline, house) as ours:
            found = contest.measure(
                [null, ours], connections=4, in_flight=8, rounds=ROUNDS, seconds=SECONDS
            )
    whole = 1e6 * contest.summary(found["ours"].cpu).value
    empty = 1e6 * contest.summary(found["null"].cpu).value
    # The empty call parses and serialises, too.
    core = empty - stages["parse the request"] - stages["serialise the answer"]
    table = {
        "gRPC, threads and the kernel": core,
        **stages,
        "key, admission, metrics, log": whole - core - sum(stages.values()),
        "the whole call": whole,
    }
    print("| stage | µs of processor | share |\n|---|---|---|")
    for name, microseconds in table.items():
        print(f"| {name} | {microseconds:.1f} | {microseconds / whole:.0%} |")
    results.record("profile", {k: Figure(value=v, unit="µs") for k, v in table.items()})
    return True


def _stages(bundle: bundle_model.Bundle) -> Stages:
    data = pb.PredictRequest(house=models.to_house(models.example())).SerializeToString()
    request = pb.PredictRequest.FromString(data)
    values = codec_house.decode_house(request.house, "house")
    price = bundle.predict_row(values)
    encoded = codec_price.encode_prediction(values, price, bundle.ranges, "1")
    return {
        "parse the request": _timed(lambda: pb.PredictRequest.FromString(data)),
        "validate and decode": _timed(lambda: codec_house.decode_house(request.house, "house")),
        "evaluate the model": _timed(lambda: bundle.predict_row(values)),
        "encode the answer, with warnings": _timed(
            lambda: codec_price.encode_prediction(values, price, bundle.ranges, "1")
        ),
        "serialise the answer": _timed(encoded.SerializeToString),
    }


def _timed(stage: Callable[[], object]) -> float:
    started = time.process_time()
    for _ in range(CALLS):
        stage()
    return (time.process_time() - started) / CALLS * 1e6
