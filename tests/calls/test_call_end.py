"""How calls end that fail: bytes that are no request, handlers that break, what is logged."""

import logging
from typing import Any

import grpc
import pytest
from grpc import StatusCode
from housing.v1.model_pb2 import ModelInfoRequest
from housing.v1.prediction_pb2 import House, PredictBatchRequest, PredictRequest
from housing.v1.prediction_pb2_grpc import PredictionServiceServicer

from tests.support.calls import INTERNAL, raw
from tests.support.client import SECONDS, Client, failed, failure, refusal
from tests.support.examples import Example
from tests.support.serving import Events, Host, Serve

SERVICE = "/housing.v1.PredictionService"


class Broken(PredictionServiceServicer):
    def __init__(self, error: BaseException) -> None:
        self._error = error

    def Predict(self, request: PredictRequest, context: grpc.ServicerContext) -> Any:  # noqa: N802
        raise self._error


@pytest.mark.parametrize("data", [b"\xff", b"\x0a\x05\x01", b"\x08", b"{}", b"\x0a\xff" * 9])
def test_bytes_that_are_no_request(client: Client, data: bytes) -> None:
    assert failure(raw(client, f"{SERVICE}/Predict", data)) == refusal(
        StatusCode.INVALID_ARGUMENT, "MALFORMED_REQUEST", "the bytes are not a PredictRequest"
    )


@pytest.mark.parametrize(
    ("method", "name"),
    [
        (f"{SERVICE}/PredictBatch", "PredictBatchRequest"),
        ("/housing.v1.ModelService/ModelInfo", "ModelInfoRequest"),
        ("/housing.v1.ModelService/ReloadModel", "ReloadModelRequest"),
    ],
)
def test_bytes_that_are_no_request_of_another_method(
    client: Client, method: str, name: str
) -> None:
    assert failure(raw(client, method, b"\x0a\x02\xff")) == refusal(
        StatusCode.INVALID_ARGUMENT, "MALFORMED_REQUEST", f"the bytes are not a {name}"
    )


def test_text_that_is_not_utf_8(client: Client) -> None:
    call = raw(client, "/housing.v1.ModelService/ReloadModel", b"\x0a\x01\xff")
    assert failure(call) == refusal(
        StatusCode.INVALID_ARGUMENT, "MALFORMED_REQUEST", "the bytes are not a ReloadModelRequest"
    )


def test_a_feature_of_another_type_counts_as_missing_by_the_wire_format(client: Client) -> None:
    # Field 6 (RM) as a varint is an unknown field to protobuf, and no other is set.
    status = failure(raw(client, f"{SERVICE}/Predict", b"\x0a\x02\x30\x06"))
    assert status.message.startswith("house: has no feature;")


@pytest.mark.parametrize(
    "error",
    [ValueError("secret 4711"), SystemExit("secret 4711"), KeyboardInterrupt(), GeneratorExit()],
)
def test_a_handler_that_breaks_tells_the_log_and_not_the_caller(
    host: Host, events: Events, error: BaseException
) -> None:
    client = host(Broken(error))  # type: ignore[abstract]
    request = PredictRequest(house=House(rm=6.5))
    for _ in range(2):  # The only worker has survived the first.
        assert failure(lambda: client.predictions.Predict(request, timeout=SECONDS)) == INTERNAL
    first = events.records[0]
    assert (first.levelno, first.msg) == (logging.ERROR, "call.failed")
    assert first.exc_info is not None
    assert first.exc_info[1] is error


def test_a_failed_call_is_logged_with_what_identifies_it(host: Host, events: Events) -> None:
    client = host(Broken(ValueError()))  # type: ignore[abstract]
    metadata = (("x-request-id", "abc-123"),)
    request = PredictRequest(house=House(rm=6.5))
    failure(lambda: client.predictions.Predict(request, metadata=metadata, timeout=SECONDS))
    assert events.of("call.failed") == [
        {
            "method": "housing.v1.PredictionService.Predict",
            "code": "INTERNAL",
            "reason": "INTERNAL",
            "request_id": "abc-123",
            "model_version": "version-7",
        }
    ]


def test_a_refusal_is_logged_without_the_values_that_were_sent(
    client: Client, events: Events, linear: Example
) -> None:
    request = PredictRequest(house=House(chas=0.123456, rad=6.54321, rm=float("nan")))
    failure(lambda: client.predictions.Predict(request, timeout=SECONDS))
    (record,) = events.records
    assert (record.levelno, record.exc_info) == (logging.INFO, None)
    (fields,) = events.of("call.failed")
    assert len(fields.pop("request_id")) == 32
    assert fields == {
        "method": "housing.v1.PredictionService.Predict",
        "code": "INVALID_ARGUMENT",
        "reason": "FEATURE_NOT_FINITE",
        "model_version": linear.version,
    }


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("abc 123~", "abc 123~"), ("x" * 200, "x" * 128), ("", None), (None, None)],
)
def test_the_request_id_comes_back_and_is_in_the_log(
    client: Client, events: Events, sent: str | None, kept: str | None
) -> None:
    metadata = () if sent is None else (("x-request-id", sent),)
    call = client.predictions.Predict
    error = failed(lambda: call(PredictRequest(), metadata=metadata, timeout=SECONDS))
    echoed = dict(error.trailing_metadata())["x-request-id"]
    assert echoed == events.of("call.failed")[0]["request_id"]
    assert echoed == kept if kept else len(echoed) == 32


def test_a_call_that_succeeds_is_not_logged(client: Client, events: Events) -> None:
    client.models.ModelInfo(ModelInfoRequest(), timeout=SECONDS)
    assert not events.records


@pytest.mark.parametrize("method", [f"{SERVICE}/Predikt", "/other.Service/Predict", "/x"])
def test_an_unknown_method(client: Client, method: str) -> None:
    assert failure(raw(client, method, b"")).code == StatusCode.UNIMPLEMENTED.value[0]


def test_a_message_over_the_limit_is_not_read(serve: Serve, linear: Example) -> None:
    client = serve(linear.folder, max_message_bytes=2048)
    large = PredictBatchRequest(items=[House(rm=6)] * 300)
    assert large.ByteSize() > 2048
    status = failure(lambda: client.predictions.PredictBatch(large, timeout=SECONDS))
    assert status.code == StatusCode.RESOURCE_EXHAUSTED.value[0]
    small = PredictBatchRequest(items=[House(rm=6)] * 100)
    assert len(client.predictions.PredictBatch(small, timeout=SECONDS).results) == 100


@pytest.mark.parametrize("enabled", [True, False])
def test_compressed_messages_are_taken_only_where_that_is_wanted(
    serve: Serve, linear: Example, *, enabled: bool
) -> None:
    client = serve(linear.folder, compression_enabled=enabled)

    def ask(compression: grpc.Compression) -> object:
        batch = PredictBatchRequest(items=[House(rm=6)] * 100)
        return client.predictions.PredictBatch(batch, timeout=SECONDS, compression=compression)

    assert ask(grpc.Compression.NoCompression)
    if enabled:
        assert ask(grpc.Compression.Gzip)
        return
    status = failure(lambda: ask(grpc.Compression.Gzip))
    assert (status.code, status.message) == (
        StatusCode.UNIMPLEMENTED.value[0], "Compression algorithm 'gzip' is disabled.",
    )  # fmt: skip


def test_what_a_compressed_message_unfolds_to_counts_for_the_limit(
    serve: Serve, linear: Example
) -> None:
    client = serve(linear.folder, max_message_bytes=2048, compression_enabled=True)
    large = PredictBatchRequest(items=[House(rm=6)] * 3000)
    status = failure(
        lambda: client.predictions.PredictBatch(
            large, timeout=SECONDS, compression=grpc.Compression.Gzip
        )
    )
    assert status.code == StatusCode.RESOURCE_EXHAUSTED.value[0]
