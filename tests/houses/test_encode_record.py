"""Messages that differ in their numbers alone are the bytes that protobuf writes."""

from collections.abc import Iterator

import numpy as np
from housing.v1 import prediction_pb2 as pb
from hypothesis import given
from hypothesis import strategies as st

from housing_grpc.houses.encode_record import Column, Record

# Zero is written, too: protobuf reads it as what it would leave out.
NUMBERS = st.floats(allow_nan=False).filter(lambda number: number != 0)


def message(numbers: Iterator[float]) -> pb.PredictResponse:
    made = pb.PredictResponse(prediction=next(numbers))
    made.interval.lower, made.interval.upper = next(numbers), next(numbers)
    made.explanation.base = next(numbers)
    for name in ("RM", "B"):
        made.explanation.contributions.add(feature=name, value=next(numbers), factor=next(numbers))
    made.explanation.method = pb.EXPLANATION_METHOD_LINEAR
    return made


COUNT = 8
RECORD = Record(message)


@given(rows=st.lists(st.lists(NUMBERS, min_size=COUNT, max_size=COUNT), max_size=4))
def test_many_are_one_after_the_other(rows: list[list[float]]) -> None:
    each = [message(iter(row)).SerializeToString() for row in rows]
    assert [RECORD.one(row) for row in rows] == each
    columns = list(np.array(rows).reshape(-1, COUNT).T)
    assert RECORD.many(len(rows), columns) == b"".join(each)
    assert {len(data) for data in each} <= {RECORD.size}


def test_a_number_may_be_that_of_all() -> None:
    columns: list[Column] = [np.array([1.5, 2.5]), *[0.25] * (COUNT - 1)]
    data = RECORD.many(2, columns)
    assert data[RECORD.size :] == RECORD.one([2.5, *[0.25] * (COUNT - 1)])


def test_zero_is_written_and_read_as_zero() -> None:
    read = pb.PredictResponse.FromString(RECORD.one([0.0] * COUNT))
    assert (read.prediction, read.interval.lower, read.explanation.base) == (0, 0, 0)
    assert read.explanation.contributions[1].HasField("factor")
