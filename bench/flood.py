"""What three times as many calls for one house as the server can answer do to it.

Such calls cost no more to answer than to refuse, and what is too much of them waits in gRPC,
before any of our code sees it. Offered by h2load, on many connections, each with as many calls
at a time as the server lets it have; a prober in a process of its own asks for the health, on
the same port and on the one for probes.
"""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import grpc
import numpy as np
from housing.v1 import prediction_pb2 as pb
from housing.v1.prediction_pb2_grpc import PredictionServiceStub

from bench import load, models, results, serving
from bench.overload import GOODPUT_GOAL, HEALTH_GOAL, TIMES, probe
from bench.results import Figure

MODEL = "xgboost"
CONNECTIONS, PEAK_CALLS, SECONDS = 64, 20_000, 8
# At a time on each connection: the server's limit, and a fourth of it.
IN_FLIGHT = (256, 64)

_METHOD = "/housing.v1.PredictionService/Predict"


def main() -> bool:
    """Prints the figures and records them; returns whether they reach their goals."""
    port, health_port, key = serving.free_port(), serving.free_port(), serving.new_key()
    environment = {"API_KEY": key, "HEALTH_PORT": str(health_port)}
    figures: dict[str, Figure] = {}
    with (
        models.made(MODEL) as (folder, _),
        serving.serve(folder, port, core=serving.SERVER_CORE, environment=environment),
    ):
        target = _target(port, key)
        for in_flight in IN_FLIGHT:
            figures |= _flooded(target, (port, health_port), in_flight)
    results.tell("flood", figures)
    return all(
        figure.value <= HEALTH_GOAL if name.startswith("health") else figure.value >= GOODPUT_GOAL
        for name, figure in figures.items()
    )


def _target(port: int, key: str) -> load.Target:
    request = pb.PredictRequest(house=models.to_house(models.example()))
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        predict = PredictionServiceStub(channel).Predict
        answer = predict(request, metadata=(("authorization", f"Bearer {key}"),), timeout=10)
    return load.grpc_target(port, _METHOD, request, answer.SerializeToString(), key=key)


def _flooded(target: load.Target, ports: tuple[int, int], in_flight: int) -> dict[str, Figure]:
    peak = load.run(target, connections=4, in_flight=8, calls=PEAK_CALLS).rate
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawn) as pool:
        probes = [pool.submit(probe, port, SECONDS) for port in ports]
        answered = load.offer(
            target,
            connections=CONNECTIONS,
            in_flight=in_flight,
            rate=TIMES * peak,
            seconds=SECONDS,
        )
        same, other = (1e3 * float(np.percentile(each.result(), 99)) for each in probes)
    at_a_time = f"{CONNECTIONS * in_flight} at a time"
    return {
        f"goodput, {at_a_time}": Figure(value=answered / peak),
        f"health p99, {at_a_time}": Figure(value=same, unit="ms"),
        f"health p99 on its own port, {at_a_time}": Figure(value=other, unit="ms"),
    }
