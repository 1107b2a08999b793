"""How sure a price is, how unusual its house, and what makes it: in every form of answer."""

import math
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from google.rpc.status_pb2 import Status
from grpc import StatusCode
from housing.v1 import prediction_pb2 as pb
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from admin.data.dataset import Dataset
from housing_grpc.bundle import format as bundle_format
from housing_grpc.bundle import native_evaluator
from housing_grpc.bundle.model import Bundle, load
from housing_grpc.bundle.schema import FEATURE_NAMES
from housing_grpc.houses.options import NO_OPTIONS, Options
from housing_grpc.model.live import LiveModel
from tests.support import examples
from tests.support.calls import info_of
from tests.support.client import SECONDS, client_of, failure, house, refusal
from tests.support.examples import Example, Rows
from tests.support.scorers import CONTEXT, new_scorer
from tests.support.serving import Serve
from tests.support.streams import Start, Target, listed, matrix, start_target

RM, LSTAT = FEATURE_NAMES.index("RM"), FEATURE_NAMES.index("LSTAT")
# Each value is one that the training data has; together they are none that any house has.
UNLIKE = {
    "crim": 80.0, "zn": 95.0, "indus": 1.0, "chas": 1.0, "nox": 0.85, "rm": 8.5, "age": 3.0,
    "dis": 11.0, "rad": 24.0, "tax": 190.0, "ptratio": 12.7, "b": 2.0, "lstat": 35.0,
}  # fmt: skip
ODD = pb.House(**UNLIKE)
FIX = "train the model again with this release, or add it with housing-admin upgrade VERSION"


@pytest.fixture(scope="module")
def boosted(tmp_path_factory: pytest.TempPathFactory, houses: Dataset) -> Example:
    """A bundle whose trees sum to a logarithm; it explains, and knows no intervals."""
    folder = tmp_path_factory.mktemp("boosted") / "bundle"
    return examples.make(folder, houses, "xgboost", "v1_median", n_estimators=20)


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory, linear: Example) -> Path:
    """The linear bundle in format 1."""
    folder = tmp_path_factory.mktemp("old") / "bundle"
    metadata, blobs = bundle_format.read(linear.folder).metadata, examples.contents(linear.folder)
    bundle_format.write(folder, *examples.format_1(metadata, blobs))
    return folder


@pytest.fixture(scope="module")
def target(honest: Example) -> Iterator[Target]:
    """A server of the honest bundle that is there throughout."""
    with ExitStack() as stack:
        yield start_target(stack, honest.folder)


@pytest.fixture(scope="module")
def rows(houses: Dataset) -> Rows:
    """Houses of the data, some with blanks, and the one that is unlike all."""
    odd = [getattr(ODD, name.lower()) for name in FEATURE_NAMES]
    return np.vstack([houses.features.to_numpy(dtype=np.float64)[:40], odd])


def predicted(target: Target, row: Rows, **options: Any) -> pb.PredictResponse:
    request = pb.PredictRequest(house=house(row), **options)
    return target.predictions.Predict(request, timeout=SECONDS)


def batch(target: Target, rows: Rows, **options: Any) -> list[pb.RowResult]:
    request = pb.PredictBatchRequest(items=[house(row) for row in rows], **options)
    return list(target.predictions.PredictBatch(request, timeout=SECONDS).results)


def chunk(target: Target, request: pb.PredictStreamRequest, **options: Any) -> pb.ChunkResult:
    request.MergeFrom(pb.PredictStreamRequest(**options))
    told = target.ask([request])
    assert told.error is None, told.error
    (found,) = told.chunks
    return found


def doubles(data: bytes, width: int = 1) -> Rows:
    return np.frombuffer(data, "<f8").reshape(-1, width)


def told_of(answer: pb.PredictResponse | pb.RowResult) -> tuple[object, ...]:
    """What an answer says beside its price, whichever message it is."""
    return (
        answer.interval, answer.applicability, answer.explanation, list(answer.warnings),
        list(answer.range_warnings), list(answer.imputed_features),
    )  # fmt: skip


def test_every_form_says_the_same_of_a_house(target: Target, honest: Example, rows: Rows) -> None:
    assessed = load(honest.folder).assess(rows, honest.prices(rows), 0.8)
    assert assessed is not None
    options = {"level": 0.8, "reference": house(rows[0])}
    alone = [predicted(target, row, **options) for row in rows]
    together = batch(target, rows, **options)
    streamed = chunk(target, listed([house(row) for row in rows]), **options).rows.items
    for one, other, third in zip(alone, together, streamed, strict=True):
        assert told_of(one) == told_of(other) == told_of(third)
    for place, answer in enumerate(alone):
        interval, applicability = answer.interval, answer.applicability
        assert interval.lower == pytest.approx(assessed.lower[place], abs=1e-6)
        assert interval.upper == pytest.approx(assessed.upper[place], abs=1e-6)
        assert (interval.level, interval.extrapolated) == (0.8, place == len(rows) - 1)
        assert applicability.p_value == pytest.approx(assessed.p_value[place], abs=1e-9)
        assert applicability.distance == pytest.approx(assessed.distance[place], abs=1e-5)
    numbers = chunk(target, matrix(rows), intervals=True, **options).prices
    ends = [[each.interval.lower, each.interval.upper] for each in alone]
    np.testing.assert_allclose(doubles(numbers.intervals, 2), ends, atol=1e-9)
    p_values = [each.applicability.p_value for each in alone]
    assert doubles(numbers.applicability)[:, 0].tolist() == p_values
    amounts = [[each.amount for each in answer.explanation.contributions] for answer in alone]
    np.testing.assert_allclose(doubles(numbers.contributions, 13), amounts, atol=1e-9)
    assert {answer.explanation.base for answer in alone} == {numbers.base}


def test_without_options_a_price_has_its_interval_and_no_explanation(
    target: Target, rows: Rows
) -> None:
    for answer in (predicted(target, rows[0]), batch(target, rows)[0]):
        assert 0 <= answer.interval.lower < answer.prediction < answer.interval.upper
        assert (answer.interval.level, answer.interval.extrapolated) == (0.9, False)
        assert 0.01 <= answer.applicability.p_value <= 1
        assert not answer.applicability.odd_features
        assert not answer.HasField("explanation")
        assert not answer.warnings
    prices = chunk(target, matrix(rows)).prices
    assert (prices.intervals, prices.applicability, prices.contributions) == (b"", b"", b"")


def test_a_wider_share_takes_a_wider_interval(target: Target, rows: Rows) -> None:
    widths = []
    for level in (0.5, 0.8, 0.0, 0.99):
        interval = predicted(target, rows[0], level=level).interval
        assert interval.level == (level or 0.9)
        widths.append(interval.upper - interval.lower)
    assert widths == sorted(set(widths))


def test_a_house_unlike_any_is_warned_about_in_words_and_for_programs(target: Target) -> None:
    answer = target.predictions.Predict(pb.PredictRequest(house=ODD), timeout=SECONDS)
    odd = list(answer.applicability.odd_features)
    assert odd
    assert set(odd) <= set(FEATURE_NAMES)
    assert answer.interval.extrapolated
    p_value = answer.applicability.p_value
    assert p_value < 0.01
    unlike, extrapolated = answer.warnings
    assert unlike == (
        f"House is unlike any of the training data (p-value {p_value:.2g}); it differs most in "
        f"{', '.join(odd)}"
    )
    assert extrapolated == (
        "Interval is an extrapolation: the share of 90 % holds no promise for a house unlike the "
        "training data"
    )


def test_an_imputed_value_is_told_with_what_was_filled_in(target: Target, rows: Rows) -> None:
    row = rows[0].copy()
    row[LSTAT] = np.nan
    for answer in (predicted(target, row, explain=True), batch(target, row[None], explain=True)[0]):
        by_name = {each.feature: each for each in answer.explanation.contributions}
        assert list(by_name) == list(FEATURE_NAMES)
        assert [name for name, each in by_name.items() if each.imputed] == ["LSTAT"]
        assert math.isfinite(by_name["LSTAT"].value)
        assert by_name["RM"].value == row[RM]
        assert not by_name["RM"].HasField("factor")
        assert answer.explanation.method == pb.EXPLANATION_METHOD_LINEAR


def test_a_reference_asks_for_an_explanation_that_starts_from_its_price(
    target: Target, rows: Rows
) -> None:
    answer = predicted(target, rows[1], reference=house(rows[2]))
    assert answer.explanation.method == pb.EXPLANATION_METHOD_REFERENCE
    assert answer.explanation.base == pytest.approx(predicted(target, rows[2]).prediction)
    same = predicted(target, rows[1], reference=house(rows[1]))
    assert [each.amount for each in same.explanation.contributions] == pytest.approx([0] * 13)


def test_trees_of_a_logarithm_multiply(serve: Serve, boosted: Example, rows: Rows) -> None:
    client = serve(boosted.folder)
    request = pb.PredictRequest(house=house(rows[0]), explain=True)
    answer = client.predictions.Predict(request, timeout=SECONDS)
    explanation = answer.explanation
    assert explanation.method == pb.EXPLANATION_METHOD_TREE_PATH_DEPENDENT
    product = explanation.base * math.prod(each.factor for each in explanation.contributions)
    assert product == pytest.approx(answer.prediction, rel=1e-4)
    info = info_of(client).explanation
    assert (info.method, info.multiplicative) == (explanation.method, True)
    assert info.base == explanation.base


@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize("name", ["honest", "boosted"])
def test_base_and_amounts_are_the_price_and_the_interval_holds_it(
    name: str, native: bool, request: pytest.FixtureRequest
) -> None:
    example: Example = request.getfixturevalue(name)
    with pytest.MonkeyPatch.context() as patch:
        if not native:
            patch.setattr(native_evaluator, "NATIVE", None)
        bundle = load(example.folder)
    assert bundle.evaluator == ("native" if native and examples.EVALUATOR == "native" else "numpy")
    check_sums(bundle, new_scorer())


def check_sums(bundle: Bundle, scorer: Any) -> None:
    live: Any = LiveModel(bundle=bundle, facts=None)  # type: ignore[arg-type]
    low, high = bundle.ranges.minimum, bundle.ranges.maximum
    shares = arrays.arrays(
        np.float64,
        st.tuples(st.integers(1, 3), st.just(13)),
        elements=st.one_of(st.floats(-0.2, 1.2), st.just(math.nan)),
    )

    @settings(max_examples=30, deadline=None)
    @given(shares=shares, against=st.booleans())
    def check(shares: Rows, against: bool) -> None:
        rows = low + (high - low) * shares
        rows[:, [3, 8]] = np.round(np.clip(rows[:, [3, 8]], 0, 1))
        rows[:, RM] = np.nan_to_num(rows[:, RM], nan=6.0)
        options = Options(explain=True, reference=rows[:1] if against else None)
        data, failed = scorer.score_houses(live, rows, 0, options, CONTEXT, at=0)
        assert failed == 0
        for result in pb.RowResults.FromString(data).items:
            explanation = result.explanation
            total = explanation.base + sum(each.amount for each in explanation.contributions)
            assert total == pytest.approx(result.prediction, abs=1e-8)
            if result.HasField("interval") and result.prediction >= 0:
                assert 0 <= result.interval.lower <= result.prediction <= result.interval.upper

    check()


def test_what_is_in_the_model_is_told(target: Target, honest: Example) -> None:
    info = info_of(client_of(target.channel, ""))
    facts = bundle_format.read(honest.folder).metadata.interval
    assert facts is not None
    interval = info.interval
    assert (interval.method, interval.folds, interval.scores) == (facts.method, 20, facts.scores)
    assert (interval.level, interval.coverage, interval.width) == (0.9, facts.coverage, facts.width)
    assert interval.coverage_error == facts.coverage_error
    assert interval.coverage_by_town == facts.town_coverage
    assert interval.max_level == 0.99
    assert (info.applicability.method, info.applicability.houses) == ("nearest neighbour", 506)
    assert info.explanation.method == pb.EXPLANATION_METHOD_LINEAR
    assert not info.explanation.multiplicative
    assert info.explanation.max_rows > 1000


LEVELS = [0.49, 0.991, 1.0, -0.9, 90.0, math.nan, math.inf, -math.inf]


@pytest.mark.parametrize("level", LEVELS)
def test_a_level_that_no_interval_has(target: Target, rows: Rows, level: float) -> None:
    fix = f"is {level:g}, but must be from 0.5 to 0.99, or 0 for 0.9"
    expected = refusal(
        StatusCode.INVALID_ARGUMENT, "LEVEL_OUT_OF_RANGE", f"level {fix}", {"level": fix}
    )
    assert failure(lambda: predicted(target, rows[0], level=level)) == expected
    assert failure(lambda: batch(target, rows, level=level)) == expected
    first = matrix(rows)
    first.level = level
    assert target.ask([first]).error == expected


def test_the_ends_of_what_a_level_may_be(target: Target, rows: Rows) -> None:
    for level in (0.5, 0.99, -0.0):
        assert predicted(target, rows[0], level=level).interval.level == (level or 0.9)


def test_the_reference_is_checked_as_a_house(target: Target, rows: Rows) -> None:
    for wrong, reason, field in (
        (pb.House(), "NO_FEATURES", "reference"),
        (pb.House(rm=math.nan), "FEATURE_NOT_FINITE", "reference.RM"),
        (pb.House(rm=6, chas=3), "FEATURE_DOMAIN", "reference.CHAS"),
    ):
        for call in (predicted, batch):
            given_ = rows[0] if call is predicted else rows
            error = failure(lambda: call(target, given_, reference=wrong))  # noqa: B023
            assert reason_and_field(error) == (reason, field)
        first = listed([house(rows[0])])
        first.reference.CopyFrom(wrong)
        told = target.ask([first])
        assert told.error is not None
        assert reason_and_field(told.error) == (reason, field)


def reason_and_field(error: Status) -> tuple[str, str]:
    info, bad = ErrorInfo(), BadRequest()
    assert error.details[0].Unpack(info)
    assert error.details[1].Unpack(bad)
    return info.reason, bad.field_violations[0].field


def test_a_stream_reads_options_from_its_first_chunk_alone(target: Target, rows: Rows) -> None:
    houses = [house(row) for row in rows[:3]]
    first, second = listed(houses), listed(houses)
    first.explain, first.level = True, 0.8
    # Whatever it says, and however wrong.
    second.level = math.nan
    second.reference.chas = 7
    for chunk_ in target.ask([first, second, listed(houses)]).chunks:
        assert {item.interval.level for item in chunk_.rows.items} == {0.8}
        assert all(len(item.explanation.contributions) == 13 for item in chunk_.rows.items)
    told = target.ask([listed(houses), first])
    assert told.error is None
    for chunk_ in told.chunks:
        assert {item.interval.level for item in chunk_.rows.items} == {0.9}
        assert not any(item.HasField("explanation") for item in chunk_.rows.items)


def test_houses_that_are_refused_keep_the_place_of_all_numbers(target: Target, rows: Rows) -> None:
    bad = rows[:6].copy()
    bad[[0, 3], RM] = np.inf
    options = {"explain": True, "intervals": True}
    found = chunk(target, matrix(bad), **options).prices
    kept = [1, 2, 4, 5]
    good = chunk(target, matrix(bad[kept]), **options).prices
    for name, width in (
        ("values", 1),
        ("intervals", 2),
        ("applicability", 1),
        ("contributions", 13),
    ):
        numbers = doubles(getattr(found, name), width)
        assert len(numbers) == 6
        assert np.isnan(numbers[[0, 3]]).all()
        assert numbers[kept].tolist() == doubles(getattr(good, name), width).tolist()
    none = chunk(target, matrix(bad[[0, 3]]), **options).prices
    assert np.isnan(doubles(none.intervals, 2)).all()
    assert len(doubles(none.intervals, 2)) == len(doubles(none.contributions, 13)) == 2
    results = batch(target, bad, explain=True)
    assert [each.HasField("error") for each in results] == [True, False, False, True, False, False]


def test_a_chunk_that_is_scored_in_parts_is_whole(target: Target, rows: Rows) -> None:
    many = np.tile(rows, (80, 1))
    assert len(many) > 2 * 1024
    many[5, RM] = np.inf
    found = chunk(target, matrix(many), intervals=True).prices
    assert len(found.values) == len(found.applicability) == len(found.intervals) // 2
    few = chunk(target, matrix(rows), intervals=True).prices
    ends = np.tile(doubles(few.intervals, 2), (80, 1))
    ends[5] = np.nan
    np.testing.assert_allclose(doubles(found.intervals, 2), ends, atol=1e-9)


@pytest.mark.parametrize(
    ("options", "field", "what"),
    [
        ({"explain": True}, "explain", "has nothing to explain prices with"),
        ({"reference": pb.House(rm=6)}, "reference", "has nothing to explain prices with"),
        ({"level": 0.8}, "level", "has no intervals"),
    ],
)
def test_a_bundle_of_format_1_serves_without_and_says_so(
    serve: Serve, old: Path, options: dict[str, Any], field: str, what: str
) -> None:
    client = serve(old)
    request = pb.PredictRequest(house=pb.House(rm=6))
    answer = client.predictions.Predict(request, timeout=SECONDS)
    assert answer.prediction > 0
    for name in ("interval", "applicability", "explanation"):
        assert not answer.HasField(name)
    info = info_of(client)
    assert not any(info.HasField(n) for n in ("interval", "applicability", "explanation"))
    expected = refusal(
        StatusCode.FAILED_PRECONDITION,
        "NOT_IN_BUNDLE",
        f"{field}: the live model's bundle {what}; {FIX}, or leave {field} out",
        {field: f"the bundle {what}; {FIX}"},
    )
    request.MergeFrom(pb.PredictRequest(**options))
    assert failure(lambda: client.predictions.Predict(request, timeout=SECONDS)) == expected


def test_intervals_that_a_bundle_has_not_end_a_stream(start: Start, linear: Example) -> None:
    first = matrix(np.full((1, 13), 1.0))
    first.intervals = True
    told = start(linear.folder).ask([first])
    assert told.error is not None
    assert reason_and_field(told.error) == ("NOT_IN_BUNDLE", "intervals")


def test_nothing_is_asked_by_default() -> None:
    assert Options() == NO_OPTIONS
