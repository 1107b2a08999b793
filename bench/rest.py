"""What the REST proxy adds to a call: Predict over gRPC and over HTTP, one at a time.

Both servers are processes of their own, on the loopback address; the caller keeps one
connection to each. Rounds alternate, so that a machine that is busy for a while is so
for both. Servers are started anew several times, as one process is quicker than another; the
figures are medians over the starts.
"""

import json
import socket
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import grpc
from housing.v1.prediction_pb2 import House, PredictRequest
from housing.v1.prediction_pb2_grpc import PredictionServiceStub

from bench import contest, results
from bench.models import example, made
from bench.serving import Server, answers_http, free_port, launch, serve

STARTS, ROUNDS = 5, 4
CALLS = 200
WARM_UP = 200
GOAL = 2.5
PORT = 50973

Call = Callable[[], object]


def main() -> bool:
    """Prints the figures; returns whether they reach their goal."""
    house = example()
    with made("gradient_boost") as (bundle, _):
        found = [_start(bundle, house) for _ in range(STARTS)]
    over_grpc, over_http = (contest.summary([1e6 * s for s in side], unit="µs")
                            for side in zip(*found, strict=True))  # fmt: skip
    ratio = contest.ratio([http for _, http in found], [grpc for grpc, _ in found])
    print(f"Predict over gRPC: {over_grpc.value:.0f} µs; over HTTP: {over_http.value:.0f} µs")
    print(f"  that is {ratio.value:.2f} times as long; goal: {GOAL} times or less")
    results.record("rest", {"ratio": ratio, "grpc": over_grpc, "http": over_http})
    return ratio.value <= GOAL


def _start(bundle: Path, house: dict[str, float]) -> list[float]:
    target, port = f"127.0.0.1:{PORT}", free_port()
    with (
        serve(bundle, PORT),
        _proxy(target, port),
        grpc.insecure_channel(target) as channel,
        closing(socket.create_connection(("127.0.0.1", port))) as connection,
    ):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return _measure(_grpc_call(channel, house), _call(connection, house))


def _measure(*calls: Call) -> list[float]:
    for call in calls:
        for _ in range(WARM_UP):
            call()
    seconds: list[list[float]] = [[] for _ in calls]
    for _ in range(ROUNDS):
        for call, found in zip(calls, seconds, strict=True):
            for _ in range(CALLS):
                started = time.perf_counter()
                call()
                found.append(time.perf_counter() - started)
    return [statistics.median(found) for found in seconds]


def _grpc_call(channel: grpc.Channel, house: dict[str, float]) -> Call:
    predict = PredictionServiceStub(channel).Predict
    values = {name.lower(): value for name, value in house.items()}
    # Made anew for each call, as the text of the HTTP request is.
    return lambda: predict(PredictRequest(house=House(**values)), timeout=5).prediction


def _call(connection: socket.socket, house: dict[str, float]) -> Call:
    answers = connection.makefile("rb")

    def call() -> object:
        body = json.dumps(house).encode()
        connection.sendall(
            b"POST /v1/predict HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
            b"content-length: %d\r\n\r\n%b" % (len(body), body)
        )
        if not answers.readline().startswith(b"HTTP/1.1 200"):
            raise RuntimeError("the proxy refuses")
        length = 0
        while (line := answers.readline()) != b"\r\n":
            if line.startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        return json.loads(answers.read(length))["prediction"]

    return call


def _proxy(target: str, port: int) -> Server:
    command = [sys.executable, "-m", "housing_grpc.rest", "--api-port", str(port)]
    ready = f"http://127.0.0.1:{port}/health"
    return launch([*command, "--grpc-target", target], ready=lambda: answers_http(ready))
