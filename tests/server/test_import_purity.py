"""The serving process never loads what only training needs."""

import json
import shutil
from pathlib import Path

from tests.support.examples import Example
from tests.support.processes import started

SCRIPT = """
import json, logging, shutil, sys
import grpc
from housing.v1 import model_pb2, model_pb2_grpc, prediction_pb2, prediction_pb2_grpc
from housing_grpc.server import HousingServer
from housing_grpc.settings import Settings

# Where the extension in C is missing, a line says so.
logging.getLogger("housing_grpc").addHandler(logging.NullHandler())
live, other = sys.argv[1:]
server = HousingServer(Settings(grpc_port=0, bundle_dir=live))
server.start()
with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
    predictions = prediction_pb2_grpc.PredictionServiceStub(channel)
    models = model_pb2_grpc.ModelServiceStub(channel)
    house = prediction_pb2.House(rm=6.0)
    predictions.Predict(prediction_pb2.PredictRequest(house=house), timeout=300)
    shutil.rmtree(live)
    shutil.copytree(other, live)
    assert models.ReloadModel(model_pb2.ReloadModelRequest(), timeout=300).changed
    predictions.PredictBatch(prediction_pb2.PredictBatchRequest(items=[house]), timeout=300)
server.close(grace_seconds=0)
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""

UNWANTED = {
    "admin",
    "housing_admin",
    "mlflow",
    "pandas",
    "scipy",
    "sklearn",
    "sqlalchemy",
    "xgboost",
    "onnx",
    "onnxruntime",
}


def test_a_server_that_has_reloaded(linear: Example, forest: Example, tmp_path: Path) -> None:
    live = shutil.copytree(linear.folder, tmp_path / "live")
    command = ["-W", "error", "-c", SCRIPT, str(live), str(forest.folder)]
    # The script's own client may be told of the server's end, and gRPC would say so.
    with started(command, GRPC_VERBOSITY="NONE") as process:
        code, out, err = process.end()
    assert (code, err) == (0, "")
    loaded = set(json.loads(out))
    assert {"housing_grpc", "numpy"} <= loaded
    assert not loaded & UNWANTED


def test_importing_the_package_loads_nothing_heavy() -> None:
    script = "import sys, housing_grpc; print('grpc' in sys.modules, 'numpy' in sys.modules)"
    with started(["-c", script]) as process:
        assert process.end() == (0, "False False\n", "")
