"""HTTP beside gRPC: POST /v1/predict through proxy and server, and Predict, on the same core.

One house a call, 32 calls at a time and one at a time. Over HTTP, proxy and server share the core
that the server has alone over gRPC. Beside them stands the FastAPI design of `peers`.
"""

import tempfile
from pathlib import Path

from bench import contest, dialects, models, results, sides
from bench.peers import artefacts, servers

MODEL = "xgboost"
CONNECTIONS, IN_FLIGHT = 4, 8
ROUNDS, SECONDS = 9, 1.0
GOAL_CALLS, GOAL_P50, GOAL_FASTAPI = 0.5, 2.0, 8.0


def main() -> bool:
    """Prints the ratios and records them; returns whether every goal is reached."""
    house = models.example()
    with tempfile.TemporaryDirectory() as scratch:
        made = artefacts.make(MODEL, Path(scratch, MODEL))
        with (
            sides.ours(made.bundle, made.pipeline, house, name="grpc") as over_grpc,
            dialects.ours(made, house, "predict") as (over_http,),
            servers.fastapi(made, house) as fastapi,
        ):
            many = contest.measure(
                [over_grpc, over_http, fastapi],
                connections=CONNECTIONS, in_flight=IN_FLIGHT, rounds=ROUNDS, seconds=SECONDS,
            )  # fmt: skip
            one = contest.measure(
                [over_grpc, over_http],
                connections=1, in_flight=1, rounds=ROUNDS, seconds=SECONDS,
            )  # fmt: skip
    http, grpc, other = many["predict"], many["grpc"], many["fastapi"]
    figures = {
        "calls": contest.ratio(http.rate, grpc.rate),
        "p50": contest.ratio(one["predict"].p50, one["grpc"].p50),
        "fastapi": contest.ratio(http.rate, other.rate),
        "http": contest.summary(http.rate, unit="1/s"),
        "grpc": contest.summary(grpc.rate, unit="1/s"),
        "http, processor": contest.summary([1e6 * each for each in http.cpu], unit="µs"),
        "grpc, processor": contest.summary([1e6 * each for each in grpc.cpu], unit="µs"),
    }
    results.tell("http", figures)
    return (
        figures["calls"].value >= GOAL_CALLS
        and figures["p50"].value <= GOAL_P50
        and figures["fastapi"].value >= GOAL_FASTAPI
    )
