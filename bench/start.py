"""How long the server takes from its start to SERVING, and how much memory it holds.

A gradient boosting bundle with the shipped defaults, from a local folder; the median
of some starts. Beside it, the same for a Python that only imports what any gRPC server
with ONNX Runtime has to.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from housing.v1 import prediction_pb2, prediction_pb2_grpc

from admin import data, models, preprocessing
from admin.evaluate import build_pipeline
from admin.export import Facts, export
from admin.strategy import merge
from bench.accuracy import DATA

STARTS = 7
GOAL_SECONDS = 1.5
GOAL_MIB = 150.0
TARGET = "127.0.0.1:50971"


def main() -> bool:
    """Prints the figures; returns whether they reach their goals."""
    with tempfile.TemporaryDirectory() as scratch:
        bundle = Path(scratch, "bundle")
        _make_bundle(bundle)
        found = [_measure(bundle) for _ in range(STARTS)]
    seconds = statistics.median(second for second, _ in found)
    mib = statistics.median(memory for _, memory in found)
    floor = statistics.median(_imports() for _ in range(STARTS))
    print(f"start to SERVING, local bundle: {seconds:.2f} s; goal: {GOAL_SECONDS} s or less")
    print(f"  of which a bare import of grpc, numpy and onnxruntime: {floor:.2f} s")
    print(f"resident memory after 1,000 calls: {mib:.0f} MiB; goal: {GOAL_MIB:.0f} MiB or less")
    return seconds <= GOAL_SECONDS and mib <= GOAL_MIB


def _make_bundle(folder: Path) -> None:
    dataset = data.load(DATA)
    model, preparation = models.get("gradient_boost"), preprocessing.get("v1_median")
    pipeline = build_pipeline(model, merge(model, {}), preparation, merge(preparation, {}), seed=0)
    pipeline.fit(dataset.features, dataset.target)
    facts = Facts(
        name="bench", params={}, metrics={}, run_id="", code_version="",
        trained_at=datetime.now(UTC),
    )  # fmt: skip
    export(
        pipeline,
        model=model,
        preprocessing=preparation,
        training=dataset,
        facts=facts,
        folder=folder,
    )


def _measure(bundle: Path) -> tuple[float, float]:
    host, port = TARGET.split(":")
    command = [sys.executable, "-m", "housing_grpc", "--bundle-dir", str(bundle)]
    started = time.monotonic()
    server = subprocess.Popen(
        [*command, "--grpc-host", host, "--grpc-port", port, "--drain-seconds", "0"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_until_serving()
        seconds = time.monotonic() - started
        with grpc.insecure_channel(TARGET) as channel:
            predict = prediction_pb2_grpc.PredictionServiceStub(channel).Predict
            house = prediction_pb2.House(rm=6.5, lstat=5.0)
            for _ in range(1000):
                predict(prediction_pb2.PredictRequest(house=house), timeout=5)
        return seconds, _resident_mib(server.pid)
    finally:
        server.terminate()
        server.wait()


def _wait_until_serving() -> None:
    # A new channel each time: the back-off of a single one would be measured instead.
    while True:
        with grpc.insecure_channel(TARGET, [("grpc.use_local_subchannel_pool", 1)]) as channel:
            check = health_pb2_grpc.HealthStub(channel).Check  # type: ignore[attr-defined]
            with suppress(grpc.RpcError):
                answer = check(health_pb2.HealthCheckRequest(), timeout=1)
                if answer.status == health_pb2.HealthCheckResponse.SERVING:
                    return
        time.sleep(0.01)


def _resident_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the server's memory cannot be read; this needs Linux")


def _imports() -> float:
    started = time.monotonic()
    subprocess.run([sys.executable, "-c", "import grpc, numpy, onnxruntime"], check=True)
    return time.monotonic() - started
