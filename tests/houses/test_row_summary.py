"""What rows hold, found in C and by numpy, and what is told of it."""

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from housing.v1 import prediction_pb2 as pb
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from housing_grpc.base import status
from housing_grpc.base.errors import ServingError
from housing_grpc.bundle import extension
from housing_grpc.bundle.model import Bundle, load
from housing_grpc.bundle.ranges import Ranges
from housing_grpc.houses import domain
from housing_grpc.houses.options import NO_OPTIONS
from housing_grpc.houses.row_summary import summarize
from housing_grpc.services.scorer import Scorer
from tests.support.examples import Example, Rows
from tests.support.scorers import CONTEXT, new_scorer

RANGES = Ranges(minimum=np.full(13, -2.0), maximum=np.linspace(1, 13, 13))
WIDE = Ranges(minimum=np.full(13, -math.inf), maximum=np.full(13, 1e300))
CELLS = st.one_of(
    st.just(math.nan),
    st.integers(-3, 14).map(float),
    st.floats(-3, 14),
    st.sampled_from([-0.0, 0.5, 2.0**53, -(2.0**63), 1e19, 3.5e38, 1e300, math.inf, -math.inf]),
)
ROWS = arrays.arrays(
    np.float64,
    st.tuples(st.integers(0, 6), st.just(13)),
    elements=CELLS,
    fill=st.sampled_from([1.0, math.nan]),
)
MANY = settings(max_examples=300, deadline=None)
needs_native = pytest.mark.skipif(extension.summarize is None, reason="the functions are not built")


def facts(rows: Rows, ranges: Ranges) -> list[object]:
    seen = summarize(rows, ranges)
    totals = [seen.refused_rows, seen.outside_rows, seen.missing_rows]
    return [*totals, seen.outside.tolist(), seen.missing.tolist()]


@needs_native
@MANY
@given(rows=ROWS, ranges=st.sampled_from([RANGES, WIDE]))
def test_both_ways_see_the_same(rows: Rows, ranges: Ranges) -> None:
    native = facts(rows, ranges)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(extension, "summarize", None)
        assert facts(rows, ranges) == native
    # Rows that lie otherwise in memory.
    assert facts(np.asfortranarray(rows), ranges) == native
    shifted = np.frombuffer(b"." + rows.tobytes(), np.float64, offset=1).reshape(rows.shape)
    assert facts(shifted, ranges) == native


@MANY
@given(rows=ROWS)
def test_what_is_refused_has_a_reason(rows: Rows) -> None:
    refused = np.flatnonzero(domain.outside(rows)).tolist()
    errors = domain.errors(rows, "items[{}]".format)
    assert list(errors) == refused
    assert all(error.message.startswith(f"items[{place}]") for place, error in errors.items())
    assert all(error.violations for error in errors.values())
    assert summarize(rows, RANGES).refused_rows == len(refused)


@needs_native
def test_arrays_that_do_not_fit_are_refused() -> None:
    one, counts = np.ones(13), np.zeros(29, dtype=np.int64)
    assert extension.summarize
    for wrong in (
        (np.ones(14), one, one, domain.DOMAIN, counts),
        (one, np.ones(12), one, domain.DOMAIN, counts),
        (one, one, one, np.ones(13), counts),
        (one, one, one, domain.DOMAIN, counts[:-1]),
        (one, one, one, domain.DOMAIN, one),
        (one, np.ones(0), np.ones(0), np.ones(0), counts[:3]),
        (one, np.ones(1), np.ones(1), np.ones(3), counts[:5]),
        (np.ones(16), np.ones(16), np.ones(16), np.ones(48), np.zeros(35, dtype=np.int64)),
    ):
        with pytest.raises(ValueError, match=r"fit|out of bounds|int64"):
            extension.summarize(*wrong)
    with pytest.raises(ValueError, match="number of arrays"):
        extension.summarize(one, one)


@pytest.fixture(scope="module")
def live(linear: Example) -> Any:
    return SimpleNamespace(bundle=load(linear.folder), version="7")


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return new_scorer()


def results(scorer: Scorer, live: Any, rows: Rows, start: int) -> list[pb.RowResult]:
    """The results of houses that are asked for one by one."""
    return [result(scorer, live, row, f"items[{start + i}]") for i, row in enumerate(rows)]


def result(scorer: Scorer, live: Any, row: Rows, path: str) -> pb.RowResult:
    try:
        data = scorer.score_house(live, row.tobytes(), NO_OPTIONS, CONTEXT)
    except ServingError:
        (error,) = domain.errors(row.reshape(1, -1), lambda _: path).values()
        return pb.RowResult(error=status.to_proto(error))
    found = pb.PredictResponse.FromString(data)
    return pb.RowResult(
        prediction=found.prediction,
        warnings=found.warnings,
        range_warnings=found.range_warnings,
        imputed_features=found.imputed_features,
    )


@MANY
@given(rows=ROWS, start=st.sampled_from([0, 1024]))
def test_results_say_of_each_row_what_is_said_of_it_alone(
    scorer: Scorer, live: Any, rows: Rows, start: int
) -> None:
    expected = pb.RowResults(items=results(scorer, live, rows, start))
    failed = sum(each.HasField("error") for each in expected.items)
    data, errors = scorer.score_houses(live, rows, start, NO_OPTIONS, CONTEXT, at=0)
    found = pb.RowResults.FromString(data)
    for one, other in zip(found.items, expected.items, strict=True):
        if one.HasField("prediction"):
            assert one.prediction == pytest.approx(other.prediction, rel=1e-12)
            one.prediction = other.prediction
    assert (found, errors) == (expected, failed)


def test_plain_results_are_the_bytes_of_messages(scorer: Scorer, live: Any) -> None:
    bundle: Bundle = live.bundle
    rows = np.tile((bundle.ranges.minimum + bundle.ranges.maximum) / 2, (5, 1))
    rows[:, [3, 8]] = 0, 4
    rows[2, 5] = 99
    data, _ = scorer.score_houses(live, rows, 0, NO_OPTIONS, CONTEXT, at=0)
    assert data == pb.RowResults.FromString(data).SerializeToString()
