"""Stock clients of the dialects over HTTP, unmodified, each with its own packages."""

import json
import math
import sys
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from housing.v1 import prediction_pb2 as pb

from bench.peers import environment
from tests.integration.toolchain import need, printed
from tests.rest.dialects.conftest import MOST, results
from tests.support.client import Client
from tests.support.examples import MODEL_NAME, Rows
from tests.support.inference import houses
from tests.support.processes import ROOT

CLIENTS = Path(__file__).parent / "clients"
# MLServer's packages have tritonclient among them.
PACKAGES = {"triton_http": "mlserver", "mlserver_http": "mlserver", "kserve_http": "kserve"}

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def rows() -> Rows:
    # Infinity cannot be said in JSON; what a single float cannot hold is refused as well.
    return np.nan_to_num(houses(200), nan=math.nan, posinf=1e39)


@pytest.fixture(scope="module")
def told(whole: Client, rows: Rows) -> list[pb.RowResult]:
    return results(whole, rows, explain=True)


@pytest.fixture(scope="module")
def prices(told: list[pb.RowResult]) -> Rows:
    return np.array([math.nan if each.HasField("error") else each.prediction for each in told])


@pytest.fixture(scope="module")
def port(http: httpx.Client) -> str:
    return str(http.base_url.port)


def run(name: str, port: str, rows: Rows, scratch: Path) -> Any:
    """Returns what a client was told of rows."""
    np.save(scratch / "rows.npy", rows)
    script = CLIENTS / f"{name}.py"
    if name not in PACKAGES:
        return json.loads(printed([sys.executable, script, port, scratch / "rows.npy"], ROOT))
    python = environment.ensure(PACKAGES[name]) / "python"
    return json.loads(printed([python, script, port, MODEL_NAME, scratch / "rows.npy"], ROOT))


def same(found: Any, wanted: Any) -> bool:
    return bool(np.array(found, np.float64).tobytes() == np.array(wanted).tobytes())


def test_tritonclient(
    port: str, rows: Rows, told: list[pb.RowResult], prices: Rows, tmp_path: Path
) -> None:
    found = run("triton_http", port, rows, tmp_path)
    assert (found["live"], found["ready"]) == ([True, True], [True, True, False, False])
    assert (found["server"], found["inputs"]) == ("housing-grpc", ["input"])
    assert (found["config"], found["id"]) == (MOST, "id-7")
    listed = [(each["name"], each["version"], each["state"]) for each in found["index"]]
    assert listed == [(MODEL_NAME, found["version"], "READY")]
    for name in ("predict", "columns", "versioned"):
        assert same(found[name], prices)
    assert same(found["json"], prices[~np.isnan(rows).any(axis=1)])
    assert same(found["all"]["predict"], prices)
    for place, result in enumerate(told):
        if result.HasField("error"):
            continue
        assert found["all"]["applicability"][place] == result.applicability.p_value
        assert found["all"]["base_value"][place] == result.explanation.base
        amounts = [each.amount for each in result.explanation.contributions]
        assert found["all"]["contributions"][place] == amounts
        assert found["all"]["lower"][place] == result.interval.lower
        assert found["all"]["upper"][place] == result.interval.upper
    assert "send FP64" in found["single"]["parameters"]["warning"]
    assert [code for code, _ in found["failures"]] == ["404", "400", "400", "501"]
    texts = ("model: 'others' is not live", "rooms is no tensor", "input[", "which model is live")
    for (_, text), start in zip(found["failures"], texts, strict=True):
        assert text.startswith(start)


def test_mlserver(port: str, rows: Rows, prices: Rows, tmp_path: Path) -> None:
    found = run("mlserver_http", port, rows, tmp_path)
    assert (found["name"], found["inputs"]) == (MODEL_NAME, ["input"])
    for name in ("numpy", "pandas"):
        assert same(found[name], prices)


def test_kserve(port: str, rows: Rows, prices: Rows, tmp_path: Path) -> None:
    found = run("kserve_http", port, rows, tmp_path)
    v1, v2 = found["v1"], found["v2"]
    assert (v2["live"], v2["ready"]) == ([True, True], [True, False])
    assert same(v2["json"], prices)
    assert same(v2["binary"], prices)
    assert (v1["live"], v1["ready"]) == (True, True)
    assert same(v1["predictions"], prices)
    assert "instances[0] holds 1 values; send 13" in v1["refusal"]


def test_mlflow(port: str, rows: Rows, prices: Rows, tmp_path: Path) -> None:
    found = run("mlflow_http", port, rows, tmp_path)
    complete = ~np.isnan(rows).any(axis=1)
    assert same(found["frame"], prices)
    assert same(found["array"], prices[complete])
    assert "ROOMS is no feature" in found["refusal"]


ROW = "[0.00632, 18, 2.31, 0, 0.538, 6.575, 65.2, 4.09, 1, 296, 15.3, 396.9, 4.98]"
NAMES = "CRIM,ZN,INDUS,CHAS,NOX,RM,AGE,DIS,RAD,TAX,PTRATIO,B,LSTAT"
COLUMNS = json.dumps(NAMES.split(","))
TENSOR = f'{{"inputs": [{{"name": "input", "shape": [1, 13], "datatype": "FP64", "data": {ROW}}}]}}'
AS_JSON = ["-H", "Content-Type: application/json"]
# As the documentation of each server writes it, with our row.
EXAMPLES = {
    "KServe, V2": [*AS_JSON, "-d", TENSOR, f"/v2/models/{MODEL_NAME}/infer"],
    "Triton": ["-X", "POST", "-d", TENSOR, f"/v2/models/{MODEL_NAME}/infer"],
    "KServe, V1": [*AS_JSON, "-d", f'{{"instances": [{ROW}]}}', f"/v1/models/{MODEL_NAME}:predict"],
    "TensorFlow Serving": ["-d", f'{{"instances": [{ROW}]}}', "-X", "POST",
                           f"/v1/models/{MODEL_NAME}:predict"],
    "MLflow, split": [*AS_JSON, "-d",
                      f'{{"dataframe_split": {{"columns": {COLUMNS}, "data": [{ROW}]}}}}',
                      "/invocations"],
    "MLflow, records": [*AS_JSON, "-d", '{"dataframe_records": [%s]}', "/invocations"],
    "MLflow, inputs": [*AS_JSON, "-d", f'{{"inputs": [{ROW}]}}', "/invocations"],
    "MLflow, instances": [*AS_JSON, "-d", f'{{"instances": [{ROW}]}}', "/invocations"],
    "MLflow, CSV": ["-H", "Content-Type: text/csv", "--data-binary",
                    f"{NAMES}\n{ROW.strip('[]')}\n", "/invocations"],
}  # fmt: skip


@pytest.mark.parametrize("example", EXAMPLES)
def test_curl(port: str, whole: Client, example: str) -> None:
    row = json.loads(ROW)
    record = json.dumps(dict(zip(NAMES.split(","), row, strict=True)))
    *options, path = (part.replace("%s", record) for part in EXAMPLES[example])
    address = f"http://127.0.0.1:{port}{path}"
    answer = json.loads(printed([need("curl", "curl"), "--silent", *options, address], ROOT))
    found = answer["outputs"][0]["data"] if "outputs" in answer else answer["predictions"]
    assert found == [results(whole, np.array([row]))[0].prediction]
