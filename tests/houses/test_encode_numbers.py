"""Houses of which there is nothing to say but numbers are answered in one go, as all others are."""

from dataclasses import replace

import numpy as np
import pytest
from housing.v1 import prediction_pb2 as pb

from housing_grpc.bundle import extension
from housing_grpc.bundle.arrays import Rows
from housing_grpc.bundle.model import Bundle, load
from housing_grpc.bundle.parts.assessment import UNLIKE_TRAINING
from housing_grpc.houses import decode, domain, encode
from housing_grpc.houses.row_validation import partition
from housing_grpc.houses.scored import Scored
from tests.support.examples import Example

native = pytest.mark.skipif(extension.model is None, reason="the extension is not built")


def rows_of(bundle: Bundle) -> Rows:
    """Rows within the training range, without a blank."""
    found = np.array(bundle.metadata.golden.rows, dtype=np.float64)
    low, high = bundle.ranges.minimum, bundle.ranges.maximum
    return found[((found >= low) & (found <= high)).all(axis=1)]


def answers(bundle: Bundle, row: Rows) -> tuple[pb.PredictResponse, pb.PredictResponse] | None:
    """The answer in one go, and that of what is asked of all houses; None without the first."""
    answer = bundle.answer_plain(row.tobytes(), domain.DOMAIN)
    if answer is None:
        return None
    numbers, is_remarkable = answer
    ranges = bundle.ranges if is_remarkable else None
    rows = decode.rows_of(row.tobytes())
    prices = bundle.predict(rows)
    scored = Scored(prices, bundle.assess(rows, prices))
    whole = encode.encode_prediction(
        partition(rows, bundle.ranges, str), scored, bundle.ranges, "7", at=0
    )
    found = [
        pb.PredictResponse.FromString(each)
        for each in (encode.encode_plain(numbers, row.tobytes(), ranges, "7", at=0), whole)
    ]
    for each in found:
        assert each.HasField("timestamp")
        each.ClearField("timestamp")
    return found[0], found[1]


@native
@pytest.mark.parametrize("kind", ["linear", "forest", "honest"])
def test_both_ways_say_the_same(kind: str, request: pytest.FixtureRequest) -> None:
    example: Example = request.getfixturevalue(kind)
    bundle, answered = load(example.folder), 0
    for row in rows_of(bundle):
        both = answers(bundle, row)
        if both is not None:
            assert both[0] == both[1]
            assert both[0].HasField("interval") == (kind == "honest")
            answered += 1
    assert answered > 5


@native
def test_without_bounds_a_house_is_still_known(honest: Example) -> None:
    bundle = load(honest.folder)
    bundle._usual_quantile = float("nan")  # noqa: SLF001 - as with too few scores for the level
    found = [bundle.answer_plain(row.tobytes(), domain.DOMAIN) for row in rows_of(bundle)]
    (first, *_) = [each[0] for each in found if each is not None]
    told = pb.PredictResponse.FromString(encode.encode_plain(first, b"", None, "7", at=0))
    assert (told.prediction, told.applicability.p_value) == (first[0], first[3])
    assert not told.HasField("interval")


@native
def test_what_cannot_be_scored_is_left_to_the_whole_way(linear: Example) -> None:
    bundle = load(linear.folder)
    row = rows_of(bundle)[0]
    for column in range(len(row)):
        changed = row.copy()
        changed[column] = np.inf
        assert bundle.answer_plain(changed.tobytes(), domain.DOMAIN) is None


@native
@pytest.mark.parametrize("kind", ["linear", "forest", "honest"])
def test_both_ways_say_the_same_of_what_is_missing_or_out_of_range(
    kind: str, request: pytest.FixtureRequest
) -> None:
    example: Example = request.getfixturevalue(kind)
    bundle, told = load(example.folder), {"imputed_features": 0, "range_warnings": 0}
    beyond = bundle.ranges.maximum * 1.01
    for row in rows_of(bundle):
        for column in range(len(row)):
            for value in (np.nan, beyond[column]):
                changed = row.copy()
                changed[column] = value
                both = answers(bundle, changed)
                if both is not None:
                    assert both[0] == both[1]
                    for field in told:
                        told[field] += len(getattr(both[0], field))
    assert all(count > 5 for count in told.values())


@native
def test_a_house_unlike_the_training_data_is_left_to_the_whole_way(honest: Example) -> None:
    bundle = load(honest.folder)
    low, high = bundle.ranges.minimum, bundle.ranges.maximum
    corners = [np.where(np.arange(13) % 2 == odd, low, high) for odd in (0, 1)]
    p_values = bundle.assess(np.array(corners), bundle.predict(np.array(corners)))
    assert p_values is not None
    assert (p_values.p_value < UNLIKE_TRAINING).all()
    for corner in corners:
        assert bundle.answer_plain(corner.tobytes(), domain.DOMAIN) is None


@native
def test_a_price_that_is_not_finite_is_left_to_the_whole_way(linear: Example) -> None:
    bundle = load(linear.folder)
    row, most = rows_of(bundle)[0], np.finfo(np.float64).max
    bundle.ranges = replace(bundle.ranges, maximum=np.full(13, most))
    wide = np.array([np.full(13, -most), np.full(13, most), np.zeros(13)])
    assert bundle.answer_plain(row.tobytes(), wide) is not None
    row[:] = most
    assert bundle.answer_plain(row.tobytes(), wide) is None


@native
@pytest.mark.parametrize("fault", ["row", "minimum", "domain", "type"])
def test_arrays_that_do_not_fit_are_refused(linear: Example, fault: str) -> None:
    bundle = load(linear.folder)
    row, limits, ranges = rows_of(bundle)[0].tobytes(), domain.DOMAIN, bundle.ranges
    if fault == "row":
        row = row[:-1]
    elif fault == "domain":
        limits = limits[:-1]
    elif fault == "minimum":
        bundle.ranges = replace(ranges, minimum=ranges.minimum[:-1])
    else:
        bundle.ranges = replace(ranges, maximum=ranges.maximum.astype(np.float32))
    with pytest.raises(ValueError, match=r"numbers each|not of float64"):
        bundle.answer_plain(row, limits)
