"""Bytes as the gRPC server gets them: of every method, over a real channel."""

import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import grpc
import numpy as np
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status
from housing.v1 import model_pb2
from housing.v1 import prediction_pb2 as pb

from tests.fuzz.target import Seeds, Target
from tests.support import examples
from tests.support.serving import connected, housing_server

SECONDS = 30

PREDICTION = "/housing.v1.PredictionService"
MODEL = "/housing.v1.ModelService"
UNARY: tuple[tuple[str, type[Message]], ...] = (
    (f"{PREDICTION}/Predict", pb.PredictResponse),
    (f"{PREDICTION}/PredictBatch", pb.PredictBatchResponse),
    (f"{MODEL}/ModelInfo", model_pb2.ModelInfoResponse),
    (f"{MODEL}/ReloadModel", model_pb2.ReloadModelResponse),
    (f"{MODEL}/RollbackModel", model_pb2.RollbackModelResponse),
)
STREAM = f"{PREDICTION}/PredictStream"

# What bytes alone may bring about.
REASONS = {
    "BATCH_TOO_LARGE", "EMPTY_BATCH", "EXPLAIN_TOO_LARGE", "FEATURE_DOMAIN", "FEATURE_NOT_FINITE",
    "INVALID_TARGET", "LEVEL_OUT_OF_RANGE", "MALFORMED_REQUEST", "NOT_IN_BUNDLE", "NO_FEATURES",
    "NO_PREVIOUS_MODEL", "SHAPE_MISMATCH", "SOURCE_HAS_NO_VERSIONS", "UNKNOWN_FEATURE",
}  # fmt: skip


class Requests(Target):
    """A server of a linear model; the first byte of an input chooses the method.

    The chunks of a stream each have their length before them, in two bytes.

    Args:
        stack: Ends the server.
        folder: Where a bundle may be made.
    """

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        bundle = folder / "bundle"
        examples.make(bundle, examples.load_houses(), "linear", "v1_median")
        server = housing_server(stack, bundle, drain_seconds=0)
        channel = connected(stack, server.port).channel
        self._unary: list[tuple[Any, type[Message]]] = [
            (channel.unary_unary(method, None, None), kind) for method, kind in UNARY
        ]
        self._stream: Any = channel.stream_stream(STREAM, None, None)

    def seeds(self) -> Seeds:
        """Returns a request of every form of every method."""
        houses = [pb.House(rm=6.5, lstat=5.0), pb.House(chas=7), pb.House(crim=math.inf, b=0.0)]
        yield b"\x00" + pb.PredictRequest(house=houses[0]).SerializeToString()
        yield b"\x01" + pb.PredictBatchRequest(items=houses).SerializeToString()
        asked: dict[str, Any] = {"explain": True, "reference": houses[0], "level": 0.8}
        yield b"\x00" + pb.PredictRequest(house=houses[0], **asked).SerializeToString()
        yield b"\x01" + pb.PredictBatchRequest(items=houses, **asked).SerializeToString()
        yield b"\x02"
        yield b"\x03" + model_pb2.ReloadModelRequest(version="2").SerializeToString()
        yield b"\x03" + model_pb2.ReloadModelRequest(alias="production").SerializeToString()
        values = np.array([[6.5, math.nan], [1e39, 5.0]]).tobytes()
        block = pb.HouseMatrix(features=["RM", "LSTAT"], values=values)
        chunks = [
            pb.PredictStreamRequest(sequence=1, rows=pb.HouseRows(items=houses)),
            pb.PredictStreamRequest(sequence=2**63, matrix=block, pin_model=True),
        ]
        yield b"\x04"
        yield b"\x05" + b"".join(_framed(chunk.SerializeToString()) for chunk in chunks)

    def __call__(self, data: bytes) -> None:
        """Makes one call; the answer has to be right, or refused for a reason that is known."""
        if not data:
            return
        place, content = data[0] % (len(self._unary) + 1), data[1:]
        try:
            if place == len(self._unary):
                for answer in self._stream(_chunks(content), timeout=SECONDS):
                    _check_chunk(pb.PredictStreamResponse.FromString(answer))
            else:
                call, kind = self._unary[place]
                _CHECKS.get(kind, _check_nothing)(kind.FromString(call(content, timeout=SECONDS)))
        except grpc.RpcError as error:
            _check_refusal(error)


def _framed(chunk: bytes) -> bytes:
    return len(chunk).to_bytes(2, "big") + chunk


def _chunks(data: bytes) -> Iterator[bytes]:
    while data:
        length = int.from_bytes(data[:2], "big")
        yield data[2 : 2 + length]
        data = data[2 + length :]


def _check_refusal(error: Any) -> None:
    status = rpc_status.from_call(error)
    assert status is not None, f"{error.code()}: {error.details()}"
    _check_status(status)


def _check_status(status: Status) -> None:
    info = ErrorInfo()
    assert status.details[0].Unpack(info), status
    assert info.reason in REASONS, status


def _check_price(answer: Any) -> None:
    assert math.isfinite(answer.prediction), answer


def _check_results(answer: Any) -> None:
    for result in getattr(answer, "results", None) or answer.items:
        if result.HasField("error"):
            _check_status(result.error)
        else:
            _check_price(result)


def _check_chunk(answer: pb.PredictStreamResponse) -> None:
    if answer.chunk.HasField("rows"):
        _check_results(answer.chunk.rows)
    elif answer.chunk.HasField("prices"):
        found = np.isnan(np.frombuffer(answer.chunk.prices.values, "<f8"))
        refused = {each.row for each in answer.chunk.prices.errors}
        assert refused == set(np.flatnonzero(found).tolist()), answer


def _check_nothing(_: Message) -> None:
    pass


_CHECKS: dict[type[Message], Callable[[Any], None]] = {
    pb.PredictResponse: _check_price,
    pb.PredictBatchResponse: _check_results,
}
