"""The server as grpcurl and buf see it."""

import json
import subprocess
from collections.abc import Callable

import pytest
from google.protobuf import json_format
from housing.v1.prediction_pb2 import PredictResponse

from housing_grpc.bundle.schema import FEATURE_NAMES
from tests.support.client import Client
from tests.support.examples import Example
from tests.support.processes import outcome

Tool = Callable[[str], str]

HOUSE = {"CRIM": 0.00632, "ZN": 18, "CHAS": 0, "RM": 6.575, "RAD": 1, "LSTAT": 4.98}
SERVICES = [
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
    "housing.v1.ExperimentService",
    "housing.v1.FeedbackService",
    "housing.v1.ModelService",
    "housing.v1.PredictionService",
    "housing.v1.RelayService",
    "inference.GRPCInferenceService",
]


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return outcome(command)


def printed(*command: str) -> str:
    done = run(*command)
    assert done.returncode == 0, done.stderr
    return done.stdout


def check_answer(text: str, linear: Example) -> None:
    # Either spelling of a field's name will do: the tools have a taste of their own.
    answer = json_format.Parse(text, PredictResponse())
    assert answer.prediction > 0
    assert answer.model_version == linear.version
    assert list(answer.imputed_features) == [name for name in FEATURE_NAMES if name not in HOUSE]


def test_grpcurl_lists_services_and_methods(client: Client, tool: Tool) -> None:
    grpcurl = (tool("grpcurl"), "-plaintext", client.address, "list")
    assert printed(*grpcurl).split() == SERVICES
    assert printed(*grpcurl, "housing.v1.PredictionService").split() == [
        "housing.v1.PredictionService.Predict",
        "housing.v1.PredictionService.PredictBatch",
        "housing.v1.PredictionService.PredictStream",
    ]
    assert printed(*grpcurl, "housing.v1.ModelService").split() == [
        "housing.v1.ModelService.ModelInfo",
        "housing.v1.ModelService.ReloadModel",
        "housing.v1.ModelService.RollbackModel",
    ]


@pytest.mark.parametrize(
    ("symbol", "text"),
    [
        ("housing.v1.PredictionService", "housing.v1.PredictionService is a service:"),
        ("housing.v1.PredictionService.Predict", "rpc Predict ( .housing.v1.PredictRequest )"),
        ("housing.v1.ModelService.ReloadModel", "rpc ReloadModel ("),
        ("housing.v1.House", 'optional double rm = 6 [json_name = "RM"];'),
        ("housing.v1.ModelInfoResponse", "string bundle_digest = 10"),
        ("grpc.reflection.v1.ServerReflection", "is a service:"),
        ("grpc.health.v1.Health", "rpc Watch ("),
    ],
)
def test_grpcurl_describes(client: Client, tool: Tool, symbol: str, text: str) -> None:
    command = (tool("grpcurl"), "-plaintext", client.address, "describe", symbol)
    assert text in printed(*command)


def test_grpcurl_predicts(client: Client, tool: Tool, linear: Example) -> None:
    body = json.dumps({"house": HOUSE})
    method = "housing.v1.PredictionService/Predict"
    answer = printed(tool("grpcurl"), "-plaintext", "-d", body, client.address, method)
    check_answer(answer, linear)


def test_grpcurl_shows_what_is_wrong(client: Client, tool: Tool) -> None:
    body = json.dumps({"house": {"CHAS": 2}})
    method = "housing.v1.PredictionService/Predict"
    done = run(tool("grpcurl"), "-plaintext", "-d", body, client.address, method)
    assert done.returncode != 0
    for part in ("InvalidArgument", "FEATURE_DOMAIN", '"field": "house.CHAS"', "must be 0 or 1"):
        assert part in done.stderr


def test_grpcurl_refuses_a_misspelt_feature(client: Client, tool: Tool) -> None:
    body = json.dumps({"house": {"ROOMS": 6}})
    method = "housing.v1.PredictionService/Predict"
    done = run(tool("grpcurl"), "-plaintext", "-d", body, client.address, method)
    assert done.returncode != 0
    assert "ROOMS" in done.stderr


def test_grpc_health_probe_is_content(client: Client, tool: Tool) -> None:
    # By itself it gives each step a second.
    patience = ("-connect-timeout=30s", "-rpc-timeout=30s")
    done = run(tool("grpc-health-probe"), f"-addr={client.address}", *patience)
    assert done.returncode == 0
    assert "status: SERVING" in done.stdout + done.stderr


def test_buf_curl_predicts(client: Client, tool: Tool, linear: Example) -> None:
    url = f"http://{client.address}/housing.v1.PredictionService/Predict"
    flags = ("--protocol", "grpc", "--http2-prior-knowledge", "--data")
    answer = printed(tool("buf"), "curl", *flags, json.dumps({"house": HOUSE}), url)
    check_answer(answer, linear)
