"""Chunks that end a stream: what was answered before stays, and the error says what to do."""

from collections.abc import Sequence
from typing import Any

import grpc
import numpy as np
import pytest
from google.rpc.error_details_pb2 import BadRequest
from google.rpc.status_pb2 import Status
from housing.v1 import prediction_pb2 as pb

from housing_grpc.bundle.schema import FEATURE_NAMES
from tests.support.client import reason_of
from tests.support.streams import Start, Target, listed, listen, matrix
from tests.support.waiting import SECONDS

LIMIT = 10_000
GOOD = matrix(np.full((2, 1), 6.0), 1, ["RM"])


def block(features: Sequence[str], data: bytes) -> pb.PredictStreamRequest:
    return pb.PredictStreamRequest(matrix=pb.HouseMatrix(features=features, values=data))


REFUSED = [
    (block(FEATURE_NAMES, bytes(8 * 13 - 1)), "SHAPE_MISMATCH", "matrix.values"),
    (block(FEATURE_NAMES, bytes(8 * 12)), "SHAPE_MISMATCH", "matrix.values"),
    (block(["RM", "AGE"], bytes(8 * 3)), "SHAPE_MISMATCH", "matrix.values"),
    (block(["RM", "LSTATT"], bytes(16)), "UNKNOWN_FEATURE", "matrix.features"),
    (block(["rm"], bytes(8)), "UNKNOWN_FEATURE", "matrix.features"),
    (block(["RM", "RM"], bytes(16)), "UNKNOWN_FEATURE", "matrix.features"),
    (block([], bytes(16)), "UNKNOWN_FEATURE", "matrix.features"),
    (block([], b""), "UNKNOWN_FEATURE", "matrix.features"),
    (block(["RM"], b""), "EMPTY_BATCH", "matrix.values"),
    (listed([]), "EMPTY_BATCH", "rows.items"),
    (pb.PredictStreamRequest(sequence=5), "EMPTY_BATCH", "rows.items"),
    (block(["RM"], bytes(8 * (LIMIT + 1))), "BATCH_TOO_LARGE", "matrix.values"),
    (block(["NOPE"], bytes(8 * (LIMIT + 1))), "BATCH_TOO_LARGE", "matrix.values"),
    (listed([pb.House(rm=6)] * (LIMIT + 1)), "BATCH_TOO_LARGE", "rows.items"),
]


@pytest.mark.parametrize(("bad", "reason", "field"), REFUSED)
def test_a_wrong_chunk_ends_the_stream(
    target: Target, bad: pb.PredictStreamRequest, reason: str, field: str
) -> None:
    told = target.ask([GOOD, GOOD, bad, GOOD])
    assert [chunk.sequence for chunk in told.chunks] == [1, 1]
    assert told.summary is None
    assert told.error
    assert told.error.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    assert reason_of(told.error) == reason
    assert fields(told.error) == [field]


def test_as_many_as_the_limit_are_fine(start: Start) -> None:
    told = start(max_chunk_rows=3).ask([matrix(np.full((3, 1), 6.0), 0, ["RM"])])
    assert (told.error, len(told.chunks)) == (None, 1)


def test_bytes_that_are_no_chunk(target: Target) -> None:
    call: Any = target.channel.stream_stream(
        "/housing.v1.PredictionService/PredictStream",
        response_deserializer=pb.PredictStreamResponse.FromString,
    )
    told = listen(call(iter([GOOD.SerializeToString(), b"\xff\xff\xff"]), timeout=SECONDS))
    assert len(told.chunks) == 1
    assert told.error
    assert reason_of(told.error) == "MALFORMED_REQUEST"
    assert told.error.message == "the bytes are not a PredictStreamRequest"


def test_a_message_over_the_limit(start: Start) -> None:
    told = start(max_message_bytes=4096).ask([GOOD, matrix(np.ones((100, 13)))])
    assert told.error
    assert told.error.code == grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]


def fields(status: Status) -> list[str]:
    bad = BadRequest()
    assert status.details[1].Unpack(bad)
    return [each.field for each in bad.field_violations]
