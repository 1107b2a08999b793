"""What the protocol tells of server and model, to whom, and how it is counted."""

from collections.abc import Callable
from typing import Any

import grpc
import numpy as np
import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from grpc import StatusCode
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest

from housing_grpc.base.version import VERSION
from housing_grpc.oip.messages import SERVICE
from tests.support.client import Client, failure, reason_of
from tests.support.examples import MODEL_NAME, Example
from tests.support.inference import PATH, Inference, numbers, request_of
from tests.support.reflection import PACKAGES, asked
from tests.support.serving import Serve, connected, housing_server

OUTPUTS = {
    "predict": ["-1"], "lower": ["-1"], "upper": ["-1"], "contributions": ["-1", "13"],
    "base_value": ["-1"], "applicability": ["-1"],
}  # fmt: skip
ROW = np.array([5.0] * 3 + [1] + [5] * 4 + [1] + [5] * 4)


def told(message: Message) -> Any:
    return MessageToDict(message, preserving_proto_field_name=True)


def test_the_server(inference: Inference) -> None:
    assert inference.ask("ServerLive").live
    assert inference.ask("ServerReady").ready
    assert told(inference.ask("ServerMetadata")) == {
        "name": "housing-grpc", "version": VERSION, "extensions": ["model_configuration"],
    }  # fmt: skip


@pytest.mark.parametrize("versioned", [True, False])
def test_the_model(inference: Inference, honest: Example, *, versioned: bool) -> None:
    named = {"name": MODEL_NAME, "version": honest.version if versioned else ""}
    assert inference.ask("ModelReady", **named).ready
    assert told(inference.ask("ModelMetadata", **named)) == {
        "name": MODEL_NAME,
        "versions": [honest.version],
        "platform": "housing-grpc_linear",
        "inputs": [{"name": "input", "datatype": "FP64", "shape": ["-1", "13"]}],
        "outputs": [
            {"name": name, "datatype": "FP64", "shape": shape} for name, shape in OUTPUTS.items()
        ],
    }
    config = inference.ask("ModelConfig", **named).config
    assert (config.max_batch_size, config.input[0].dims[:]) == (20_000, [13])
    assert [output.name for output in config.output] == list(OUTPUTS)


def test_a_bundle_with_less_offers_less(serve: Serve, linear: Example) -> None:
    answer = Inference(serve(linear.folder).channel).ask("ModelMetadata", name=MODEL_NAME)
    assert [output.name for output in answer.outputs] == [
        "predict", "contributions", "base_value",
    ]  # fmt: skip


def test_the_repository(inference: Inference, honest: Example) -> None:
    assert told(inference.ask("RepositoryIndex", ready=True)) == {
        "models": [{"name": MODEL_NAME, "version": honest.version, "state": "READY"}]
    }
    status = failure(lambda: inference.ask("RepositoryIndex", repository_name="main"))
    assert (status.code, reason_of(status)) == (3, "INVALID_PARAMETER")
    assert status.message.startswith("repository_name: there is one repository")


@pytest.mark.parametrize("method", ["ModelReady", "ModelMetadata", "ModelConfig"])
@pytest.mark.parametrize("named", [{"name": "x"}, {"name": MODEL_NAME, "version": "99"}])
def test_another_model(inference: Inference, method: str, named: dict[str, str]) -> None:
    status = failure(lambda: inference.ask(method, **named))
    assert (status.code, reason_of(status)) == (5, "MODEL_NOT_FOUND")
    field = "version" if "version" in named else "name"
    assert status.message.startswith(f"{field}: ")
    assert MODEL_NAME not in status.message


@pytest.mark.parametrize(
    ("method", "text"),
    [
        ("RepositoryModelLoad", "which model is live is decided by promotion"),
        ("RepositoryModelUnload", "which model is live is decided by promotion"),
        ("ModelStatistics", "Prometheus reads what is counted"),
        ("SystemSharedMemoryStatus", "the server reads no shared memory"),
        ("CudaSharedMemoryRegister", "the server reads no shared memory"),
        ("TraceSetting", "OpenTelemetry"),
        ("LogSettings", "LOG_LEVEL"),
        ("Other", "has no such call"),
    ],
)
def test_what_is_not_offered_says_why(whole: Client, method: str, text: str) -> None:
    call: Any = whole.channel.unary_unary(f"{PATH}/{method}", None, None)
    status = failure(lambda: call(b"", timeout=30))
    assert (status.code, reason_of(status)) == (12, "UNIMPLEMENTED")
    assert text in status.message


@pytest.mark.parametrize("dialects", ["none", "v1", "v1, invocations"])
def test_what_is_off_says_so(serve: Serve, linear: Example, dialects: str) -> None:
    client = serve(linear.folder, dialects=dialects)
    found = Inference(client.channel)
    for method in ("ServerLive", "ModelInfer"):
        status = failure(lambda: found.ask(method))  # noqa: B023
        assert (status.code, reason_of(status)) == (12, "UNIMPLEMENTED")
        assert "DIALECTS=oip" in status.message
    (answer,) = asked(client, PACKAGES[0], ServerReflectionRequest(list_services=""))
    assert SERVICE.full_name not in {each.name for each in answer.list_services_response.service}


@pytest.mark.parametrize("package", PACKAGES)
@pytest.mark.parametrize(
    "symbol",
    [
        "inference.GRPCInferenceService",
        "inference.GRPCInferenceService.ModelInfer",
        "inference.ModelInferRequest",
        "inference.ModelInferRequest.InferInputTensor",
    ],
)
def test_reflection_describes_it(whole: Client, package: str, symbol: str) -> None:
    by_symbol, by_name, listed = asked(
        whole,
        package,
        ServerReflectionRequest(file_containing_symbol=symbol),
        ServerReflectionRequest(file_by_filename=SERVICE.file.name),
        ServerReflectionRequest(list_services=""),
    )
    expected = FileDescriptorProto()
    SERVICE.file.CopyToProto(expected)
    for answer in (by_symbol, by_name):
        (raw,) = answer.file_descriptor_response.file_descriptor_proto
        assert FileDescriptorProto.FromString(raw) == expected
    names = [each.name for each in listed.list_services_response.service]
    assert SERVICE.full_name in names


def test_probes_need_no_key_and_have_no_rate(serve: Serve, linear: Example) -> None:
    client = serve(linear.folder, api_key="k" * 32, rate_limit_per_second=1e-3, rate_limit_burst=1)
    found = Inference(client.channel)
    for _ in range(5):
        assert found.ask("ServerLive").live
        assert found.ask("ServerReady").ready
        assert found.ask("ModelReady", name=MODEL_NAME).ready
    calls: dict[str, Callable[..., Any]] = {
        "ModelMetadata": lambda **more: found.ask("ModelMetadata", name=MODEL_NAME, **more),
        "ModelInfer": lambda **more: found.ask("ModelInfer", request_of(ROW), **more),
        "ServerMetadata": lambda **more: found.ask("ServerMetadata", **more),
        "RepositoryIndex": lambda **more: found.ask("RepositoryIndex", **more),
        "ModelConfig": lambda **more: found.ask("ModelConfig", name=MODEL_NAME, **more),
        "ModelStreamInfer": lambda **more: list(
            found.ask("ModelStreamInfer", iter([request_of(ROW)]), **more)
        ),
    }
    for call in calls.values():
        assert reason_of(failure(call)) == "UNAUTHENTICATED"
    metadata = (("x-api-key", "k" * 32),)
    assert numbers(calls["ModelInfer"](metadata=metadata), "predict").shape == (1,)
    for call in calls.values():
        status = failure(lambda: call(metadata=metadata))  # noqa: B023
        assert reason_of(status) == "RATE_LIMITED"


def test_calls_are_counted_under_the_service_of_the_protocol(linear: Example, stack: Any) -> None:
    server = housing_server(stack, linear.folder)
    found = Inference(connected(stack, server.port).channel)
    found.ask("ModelInfer", request_of(ROW))
    failure(lambda: found.ask("ModelInfer"))
    found.ask("ServerLive")
    state = server.state()
    handled = state["grpc_server_handled_total"]
    service = SERVICE.full_name
    assert handled["unary", service, "ModelInfer", "OK"] == [1.0]
    assert handled["unary", service, "ModelInfer", "InvalidArgument"] == [1.0]
    assert handled["unary", service, "ServerLive", "OK"] == [1.0]
    assert ("bidi_stream", service, "ModelStreamInfer") in state["grpc_server_started_total"]


def test_ready_once_a_model_is_live_and_not_when_it_stops(linear: Example, stack: Any) -> None:
    server = housing_server(stack, linear.folder, drain_seconds=0)
    found = Inference(connected(stack, server.port).channel)
    assert found.ask("ServerReady").ready
    endpoint: Any = server._endpoint  # noqa: SLF001 - a drain alone, without the end
    endpoint.drain()
    assert found.ask("ServerLive").live
    assert not found.ask("ServerReady").ready
    assert not found.ask("ModelReady", name=MODEL_NAME).ready


def test_a_deadline_that_has_passed(inference: Inference, whole: Client) -> None:
    call: Any = whole.channel.unary_unary(f"{PATH}/ModelInfer", None, None)
    with pytest.raises(grpc.RpcError) as caught:
        call(request_of(ROW).SerializeToString(), timeout=-1)
    error: Any = caught.value
    assert error.code() is StatusCode.DEADLINE_EXCEEDED
