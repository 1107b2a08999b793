"""Answers in every form, of numbers that no model should give but a bundle may."""

import math

import numpy as np
import pytest
from housing.v1 import prediction_pb2 as pb

from housing_grpc.bundle.parts.assessment import Assessment
from housing_grpc.bundle.ranges import Ranges
from housing_grpc.houses import encode
from housing_grpc.houses.row_validation import partition
from housing_grpc.houses.scored import Scored

RANGES = Ranges(minimum=np.full(13, -1.0), maximum=np.full(13, 9.0))
ROWS = np.ones((4, 13))
PRICES = np.arange(20.0, 24.0)


def scored(*columns: tuple[float, float, float]) -> Scored:
    """Lower end, upper end and p-value of each house."""
    lower, upper, p_values = np.array(columns).T
    numbers = np.array([lower, upper, p_values, np.full(len(columns), 0.5)])
    count = len(columns)
    assessment = Assessment(0.9, numbers, ROWS[:count], lambda rows: [("RM", "B")] * len(rows))
    return Scored(PRICES[:count], assessment)


def results(found: Scored) -> list[pb.RowResult]:
    rows = ROWS[: len(found.prices)]
    data = encode.encode_results(partition(rows, RANGES, str), found, RANGES)
    return list(pb.RowResults.FromString(data).items)


def alone(found: Scored) -> pb.PredictResponse:
    data = encode.encode_prediction(partition(ROWS[:1], RANGES, str), found, RANGES, "7", at=0)
    return pb.PredictResponse.FromString(data)


def test_an_interval_without_an_end_is_none() -> None:
    found = scored((18, 22, 0.5), (0, math.inf, 0.5), (19, 25, 0.5), (0, math.inf, 0.001))
    told = results(found)
    assert [each.HasField("interval") for each in told] == [True, False, True, False]
    assert [each.applicability.p_value for each in told] == [0.5, 0.5, 0.5, 0.001]
    assert [len(each.warnings) for each in told] == [0, 0, 0, 1]
    vector = encode.encode_prices(partition(ROWS, RANGES, str), found, RANGES)
    ends = np.frombuffer(vector.intervals, "<f8").reshape(-1, 2)
    assert ends[[0, 2]].tolist() == [[18, 22], [19, 25]]
    assert np.isnan(ends[[1, 3]]).all()


@pytest.mark.parametrize(
    ("numbers", "interval", "warnings"),
    [
        ((18, 22, 0.5), True, 0),
        ((18, 22, 0.01), True, 0),
        ((18, 22, 0.009), True, 2),
        ((0, math.inf, 0.5), False, 0),
        ((math.nan, math.nan, 0.5), False, 0),
        ((math.nan, math.nan, 0.001), False, 1),
        ((0, 0, 0.5), True, 0),
    ],
)
def test_a_house_alone_is_told_what_one_of_many_is(
    numbers: tuple[float, float, float], interval: bool, warnings: int
) -> None:
    answer, (result,) = alone(scored(numbers)), results(scored(numbers))
    assert (answer.interval, answer.applicability) == (result.interval, result.applicability)
    assert list(answer.warnings) == list(result.warnings)
    assert answer.HasField("interval") == result.HasField("interval") == interval
    assert len(answer.warnings) == warnings
    assert answer.interval.extrapolated == (interval and warnings > 0)
    assert list(answer.applicability.odd_features) == (["RM", "B"] if warnings else [])
