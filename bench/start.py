"""How long the server takes from its start to SERVING, and how much memory it holds.

A gradient boosting bundle with the shipped defaults, from a local folder; the median
of some starts. Beside it, the same for a Python that only imports what any gRPC server
with NumPy has to.
"""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import grpc
from housing.v1 import prediction_pb2, prediction_pb2_grpc

from bench import models, results
from bench.contest import summary
from bench.results import Figure
from bench.serving import answers, free_port, resident_mib

STARTS = 7
GOAL_SECONDS = 1.0
GOAL_MIB = 120.0
TARGET = "127.0.0.1:50971"


def main() -> bool:
    """Prints the figures; returns whether they reach their goals."""
    with models.made("gradient_boost") as (bundle, _):
        found = [_measure(bundle) for _ in range(STARTS)]
    started = summary([second for second, _ in found], unit="s")
    memory = summary([mib for _, mib in found], unit="MiB")
    seconds, mib = started.value, memory.value
    floor = statistics.median(_imports() for _ in range(STARTS))
    bare = Figure(value=floor, unit="s")
    results.record("start", {"start": started, "memory": memory, "bare import": bare})
    print(f"start to SERVING, local bundle: {seconds:.2f} s; goal: {GOAL_SECONDS} s or less")
    print(f"  of which a bare import of grpc and numpy: {floor:.2f} s")
    print(f"resident memory after 1,000 calls: {mib:.0f} MiB; goal: {GOAL_MIB:.0f} MiB or less")
    return seconds <= GOAL_SECONDS and mib <= GOAL_MIB


def _measure(bundle: Path) -> tuple[float, float]:
    host, port = TARGET.split(":")
    command = [sys.executable, "-m", "housing_grpc", "--bundle-dir", str(bundle)]
    started = time.monotonic()
    server = subprocess.Popen(
        [*command, "--grpc-host", host, "--grpc-port", port, "--drain-seconds", "0"],
        env={**os.environ, "METRICS_PORT": str(free_port())},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not answers(int(port)):
            time.sleep(0.01)
        seconds = time.monotonic() - started
        with grpc.insecure_channel(TARGET) as channel:
            predict = prediction_pb2_grpc.PredictionServiceStub(channel).Predict
            house = prediction_pb2.House(rm=6.5, lstat=5.0)
            for _ in range(1000):
                predict(prediction_pb2.PredictRequest(house=house), timeout=5)
        return seconds, resident_mib(server.pid)
    finally:
        server.terminate()
        server.wait()


def _imports() -> float:
    started = time.monotonic()
    subprocess.run([sys.executable, "-c", "import grpc, numpy"], check=True)
    return time.monotonic() - started
