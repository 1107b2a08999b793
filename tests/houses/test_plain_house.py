"""One house that is read from its bytes in C: answered as one that protobuf's parser reads."""

import math
from typing import Any

import grpc
import numpy as np
import pytest
from grpc_status import rpc_status
from housing.v1 import prediction_pb2 as pb
from hypothesis import given, settings
from hypothesis import strategies as st

from housing_grpc.bundle import extension
from housing_grpc.bundle.schema import FEATURE_NAMES
from housing_grpc.houses import decode_plain, encode
from tests.support.client import SECONDS, Client, house
from tests.support.examples import Example
from tests.support.serving import Serve

pytestmark = pytest.mark.skipif(
    extension.read_rows is None, reason="the functions in C are not built"
)

Row = list[float]

# A field that nobody knows: what holds it is left to the parser.
UNKNOWN = b"\xf8\x07\x01"
VALUES = (math.nan, 0.0, -0.0, 1.0, 0.5, 6.5, 24.0, 1e30, math.inf, 1e39, -3.5e38)
PRICES = st.floats(allow_nan=False, allow_infinity=False)


def written(row: Row) -> bytes:
    return pb.PredictRequest(house=house(row)).SerializeToString()


def outcome(client: Client, data: bytes) -> tuple[object, ...]:
    """Gives all that a caller is told but for the time and the request id."""
    call: Any = client.channel.unary_unary("/housing.v1.PredictionService/Predict")
    try:
        answer = pb.PredictResponse.FromString(call(data, timeout=SECONDS))
    except grpc.RpcError as error:
        status = rpc_status.from_call(error)  # type: ignore[arg-type]
        assert status is not None
        return status.code, status.message, *map(str, status.details)
    assert answer.timestamp.seconds
    answer.ClearField("timestamp")
    return (answer.SerializeToString(deterministic=True),)


def test_both_ways_tell_the_same(serve: Serve, forest: Example) -> None:
    client = serve(forest.folder)
    random = np.random.default_rng(3)
    usual = [0.1, 18.0, 2.3, 0.0, 0.5, 6.5, 65.2, 4.1, 1.0, 296.0, 15.3, 396.9, 5.0]
    ways = {"answered": 0, "refused": 0}
    for _ in range(150):
        changed = random.random(len(usual)) < random.choice([0.0, 0.1, 0.9])
        row = [
            float(random.choice(VALUES)) if change else value
            for change, value in zip(changed, usual, strict=True)
        ]
        data = written(row)
        assert decode_plain.read_house(data) is not None
        assert decode_plain.read_house(data + UNKNOWN) is None
        found = outcome(client, data)
        assert found == outcome(client, data + UNKNOWN)
        ways["answered" if len(found) == 1 else "refused"] += 1
    assert min(ways.values()) > 20


@pytest.mark.parametrize(
    "data",
    [
        b"",
        written([6.0] * 13) + written([7.0] * 13),
        written([6.0] * 13)[:-1],
        pb.PredictRequest(house=pb.House(rm=math.nan)).SerializeToString(),
    ],
    ids=["no house", "two houses", "cut off", "a NaN that was sent"],
)
def test_what_is_unusual_is_left_to_the_parser(data: bytes) -> None:
    assert decode_plain.read_house(data) is None


def test_a_house_that_was_read_is_the_one_that_was_sent() -> None:
    row = [float(place) for place in range(len(FEATURE_NAMES))]
    read = decode_plain.read_house(written(row))
    assert read is not None
    assert np.frombuffer(read.row).tolist() == row
    assert read.house == house(row)


@settings(max_examples=200, deadline=None)
@given(PRICES, st.text(min_size=1, max_size=200))
def test_the_bytes_of_an_answer(price: float, version: str) -> None:
    answer = pb.PredictResponse.FromString(encode.encode_price(price, version))
    assert (answer.prediction, answer.model_version) == (price, version)
    assert abs(answer.timestamp.ToNanoseconds() - encode.timestamp().ToNanoseconds()) < 60e9
    answer.ClearField("timestamp")
    assert answer == pb.PredictResponse(prediction=price, model_version=version)
