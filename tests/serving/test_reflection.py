"""What the server says of its own contract, under both names of the reflection service."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from importlib.util import find_spec
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc import StatusCode
from grpc_reflection.v1alpha.reflection_pb2 import (
    ServerReflectionRequest,
    ServerReflectionResponse,
)
from housing.v1 import model_pb2, prediction_pb2
from housing.v1.prediction_pb2 import House, PredictRequest
from hyperframe.frame import SettingsFrame

from housing_grpc.calls.call_pool import CallPool
from housing_grpc.serving import reflection
from tests.http2.frames import Connection, data, message
from tests.support.client import SECONDS, Client, failure
from tests.support.examples import Example
from tests.support.reflection import PACKAGES, asked
from tests.support.serving import Serve

METHOD = f"/{PACKAGES[0]}.ServerReflection/ServerReflectionInfo"
CHECK = "/grpc.health.v1.Health/Check"
LIST = ServerReflectionRequest(list_services="")


def files_of(answer: ServerReflectionResponse) -> list[FileDescriptorProto]:
    raw = answer.file_descriptor_response.file_descriptor_proto
    return [FileDescriptorProto.FromString(each) for each in raw]


@pytest.mark.parametrize("package", PACKAGES)
def test_the_services_are_listed(client: Client, package: str) -> None:
    (answer,) = asked(client, package, ServerReflectionRequest(list_services=""))
    assert sorted(each.name for each in answer.list_services_response.service) == [
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


@pytest.mark.parametrize("package", PACKAGES)
@pytest.mark.parametrize(
    ("symbol", "file"),
    [
        ("housing.v1.PredictionService", prediction_pb2.DESCRIPTOR),
        ("housing.v1.PredictionService.Predict", prediction_pb2.DESCRIPTOR),
        ("housing.v1.House", prediction_pb2.DESCRIPTOR),
        ("housing.v1.House.rm", prediction_pb2.DESCRIPTOR),
        ("housing.v1.ModelService.ReloadModel", model_pb2.DESCRIPTOR),
        ("housing.v1.ModelInfoResponse", model_pb2.DESCRIPTOR),
    ],
)
def test_a_symbol_leads_to_its_file(client: Client, package: str, symbol: str, file: Any) -> None:
    (answer,) = asked(client, package, ServerReflectionRequest(file_containing_symbol=symbol))
    expected = FileDescriptorProto()
    file.CopyToProto(expected)
    assert expected in files_of(answer)


@pytest.mark.parametrize("package", PACKAGES)
def test_the_reflection_service_describes_itself(client: Client, package: str) -> None:
    symbol = f"{package}.ServerReflection"
    (answer,) = asked(client, package, ServerReflectionRequest(file_containing_symbol=symbol))
    (file,) = files_of(answer)
    assert file.package == package
    (method,) = file.service[0].method
    assert method.input_type == f".{package}.ServerReflectionRequest"


@pytest.mark.parametrize(
    "symbol", ["housing.v1.Nothing", "housing.v1.PredictionService.Nothing", "", "a.b", "."]
)
def test_what_is_not_there_is_an_answer_and_the_stream_goes_on(client: Client, symbol: str) -> None:
    first, second = asked(
        client,
        PACKAGES[0],
        ServerReflectionRequest(file_containing_symbol=symbol),
        ServerReflectionRequest(file_by_filename="housing/v1/model.proto"),
    )
    assert first.error_response.error_code == StatusCode.NOT_FOUND.value[0]
    assert files_of(second)[0].name == "housing/v1/model.proto"


@pytest.mark.parametrize("length", [1024, 4_000_000])
def test_a_question_longer_than_any_name_is_not_repeated(client: Client, length: int) -> None:
    question = ServerReflectionRequest(file_containing_symbol="a" * length)
    first, second = asked(client, PACKAGES[0], question, LIST)
    assert first.error_response.error_code == StatusCode.RESOURCE_EXHAUSTED.value[0]
    assert first.ByteSize() < 100
    assert second.list_services_response.service


def test_a_question_that_is_none_is_refused(client: Client) -> None:
    call: Any = client.channel.stream_stream(METHOD, None, ServerReflectionResponse.FromString)
    first, second = call(iter([b"\xff", LIST.SerializeToString()]), timeout=SECONDS)
    assert first.error_response.error_code == StatusCode.INVALID_ARGUMENT.value[0]
    assert second.list_services_response.service


def test_idle_streams_do_not_keep_predictions_waiting(serve: Serve, linear: Example) -> None:
    client = serve(linear.folder, grpc_workers=1)
    call: Any = client.channel.stream_stream(METHOD, None, None)
    idle = [call(never_ending()) for _ in range(8)]
    request = PredictRequest(house=House(rm=6))
    assert client.predictions.Predict(request, timeout=SECONDS).model_version == linear.version
    for each in idle:
        each.cancel()


@pytest.mark.parametrize("asks", [0, 3])
@pytest.mark.parametrize("known", [True, False], ids=["this grpcio", "another grpcio"])
def test_a_stream_on_which_nobody_asks_anything_is_ended(*, asks: int, known: bool) -> None:
    calls = CallPool(1, patience_seconds=1, name="reflection", threadless_waits=known)
    with ThreadPoolExecutor(1) as pool:
        server = grpc.server(pool)
        server.add_generic_rpc_handlers(tuple(reflection.handlers((), calls)))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            call: Any = channel.stream_stream(METHOD, None, None)
            answers = call(never_ending(asks), timeout=SECONDS)
            for _ in range(asks):
                assert next(answers)
            assert failure(lambda: next(answers)).code == StatusCode.CANCELLED.value[0]
        server.stop(None).wait()
        calls.shutdown()


def never_ending(asks: int = 0) -> Iterator[bytes]:
    for _ in range(asks):
        yield LIST.SerializeToString()
    threading.Event().wait(SECONDS)
    yield b""


@pytest.mark.parametrize(
    ("window", "asks"),
    [(65_535, 0), (65_535, 1), (0, 1)],
    ids=["ask nothing", "ask once and fall silent", "take no answer"],
)
def test_a_hundred_idle_streams_keep_nobody_from_asking(
    serve: Serve, linear: Example, window: int, asks: int, stack: ExitStack
) -> None:
    client = serve(linear.folder)
    for _ in range(2):
        connection = stack.enter_context(Connection(int(client.address.rpartition(":")[2])))
        connection.greet({SettingsFrame.INITIAL_WINDOW_SIZE: window}).agree()
        for stream in range(1, 101, 2):
            connection.send(connection.headers(stream, path=METHOD))
            if asks:
                asking = data(stream, message(LIST.SerializeToString()), end=False)
                connection.send(asking)
        # When it is answered, all that was sent before it has been seen.
        connection.send(connection.headers(1001, path=CHECK), data(1001, message(b"")))
        if window:
            assert connection.listen(1001).status(1001) == "0"
    for package in PACKAGES:
        (answer,) = asked(client, package, LIST)
        assert answer.list_services_response.service


def test_questions_are_answered_one_after_the_other(client: Client) -> None:
    answers = list(asked(client, PACKAGES[0], *[LIST] * 50))
    assert answers == answers[:1] * 50


def test_reflection_can_be_switched_off(serve: Serve, linear: Example) -> None:
    client = serve(linear.folder, reflection_enabled=False)
    for package in PACKAGES:
        request = ServerReflectionRequest(list_services="")
        status = failure(lambda: list(asked(client, package, request)))  # noqa: B023
        assert status.code == StatusCode.UNIMPLEMENTED.value[0]


def test_grpcio_has_no_v1_of_its_own_yet() -> None:
    # Once it has, `reflection` need not make one, nor add it to the pool of all descriptors.
    assert find_spec("grpc_reflection.v1") is None
