"""Receipts of prices, in every form of answer, and where there are none."""

import math
import struct
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from grpc import StatusCode
from housing.v1 import prediction_pb2 as pb

from housing_grpc.bundle import schema
from housing_grpc.bundle.model import load
from housing_grpc.bundle.schema import FEATURE_NAMES
from housing_grpc.receipts import key_file
from housing_grpc.receipts.record import Model, Receipt, Variant
from housing_grpc.receipts.sealing import LENGTH, Seals
from tests.support.calls import info_of
from tests.support.client import SECONDS, client_of, failure, house, refusal
from tests.support.examples import Example, Rows
from tests.support.serving import Serve
from tests.support.streams import Target, listed, matrix, start_target

BLANK = [math.nan] * len(FEATURE_NAMES)
ROW = [0.1, 0.0, 8.0, 0.0, 0.5, 6.2, 60.0, 4.0, 5.0, 300.0, 18.0, 390.0, 9.0]
KEY = bytes(range(32))


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of one key."""
    path = tmp_path_factory.mktemp("keys") / "receipt-keys"
    path.write_text(f"{KEY.hex()}\n")
    return path


@pytest.fixture(scope="module")
def target(honest: Example, keys: Path) -> Iterator[Target]:
    """A server of the honest bundle that gives receipts."""
    with ExitStack() as stack:
        yield start_target(stack, honest.folder, receipt_keys_file=str(keys))


@pytest.fixture(scope="module")
def bare(linear: Example, keys: Path) -> Iterator[Target]:
    """A server of a bundle without intervals that gives receipts."""
    with ExitStack() as stack:
        yield start_target(stack, linear.folder, receipt_keys_file=str(keys))


def rows_of(*changes: dict[str, float]) -> Rows:
    rows = np.array([ROW] * len(changes))
    for row, change in zip(rows, changes, strict=True):
        for name, value in change.items():
            row[FEATURE_NAMES.index(name)] = value
    return rows


ROWS = rows_of(
    {}, {"RM": math.nan, "CRIM": math.nan}, {"CHAS": 3.0}, {"TAX": 5000.0}, {"RM": 6.9},
    dict.fromkeys(FEATURE_NAMES, math.nan),
)  # fmt: skip
"""Plain, with blanks, none that can be scored, outside the range, plain, and without any value."""
SCORED = [0, 1, 3, 4]


def opened(text: str) -> Receipt:
    assert len(text) == LENGTH
    return Seals([KEY]).open(text, "receipt")


def nanos(timestamp: Timestamp) -> int:
    return timestamp.seconds * 1_000_000_000 + timestamp.nanos


def predicted(target: Target, row: Sequence[float], **options: Any) -> pb.PredictResponse:
    request = pb.PredictRequest(house=house(row), receipt=True, **options)
    return target.predictions.Predict(request, timeout=SECONDS)


def batch(target: Target, rows: Rows, **options: Any) -> pb.PredictBatchResponse:
    request = pb.PredictBatchRequest(items=[house(row) for row in rows], receipt=True, **options)
    return target.predictions.PredictBatch(request, timeout=SECONDS)


def chunk(target: Target, rows: Rows, **options: Any) -> pb.ChunkResult:
    request = listed([house(row) for row in rows])
    request.MergeFrom(pb.PredictStreamRequest(receipt=True, **options))
    told = target.ask([request])
    assert told.error is None, told.error
    (found,) = told.chunks
    return found


def same(first: float, second: float) -> bool:
    return struct.pack("<d", first) == struct.pack("<d", second)


def check(
    receipt: Receipt,
    row: Sequence[float],
    answer: pb.PredictResponse | pb.RowResult,
    at: Timestamp,
    place: int = 0,
) -> None:
    """Compares a receipt with the answer that it came with, to the bit."""
    assert receipt.priced_at == nanos(at) + place
    np.testing.assert_array_equal(np.frombuffer(receipt.row), row)
    assert same(receipt.price, answer.prediction)
    assert receipt.variant is Variant.CHAMPION
    interval = answer.interval
    if answer.HasField("interval"):
        assert same(receipt.lower, interval.lower)
        assert same(receipt.upper, interval.upper)
        assert same(receipt.level, interval.level)
    else:
        assert all(map(math.isnan, (receipt.lower, receipt.upper, receipt.level)))


def check_all(results: Sequence[pb.RowResult], at: Timestamp) -> None:
    assert [place for place, each in enumerate(results) if each.receipt] == SCORED
    assert [place for place, each in enumerate(results) if not each.HasField("error")] == SCORED
    for place in SCORED:
        check(opened(results[place].receipt), ROWS[place], results[place], at, place)


@pytest.mark.parametrize("options", [{}, {"level": 0.8}, {"explain": True}])
def test_each_form_of_answer_has_a_receipt_of_each_price(
    target: Target, options: dict[str, Any]
) -> None:
    for place in SCORED:
        answer = predicted(target, ROWS[place], **options)
        assert answer.HasField("interval")
        check(opened(answer.receipt), ROWS[place], answer, answer.timestamp)
    found = batch(target, ROWS, **options)
    check_all(found.results, found.timestamp)
    streamed = chunk(target, ROWS, **options)
    check_all(streamed.rows.items, streamed.timestamp)


def test_a_price_without_interval_has_a_receipt_without_one(bare: Target) -> None:
    answer = predicted(bare, ROW)
    assert not answer.HasField("interval")
    check(opened(answer.receipt), ROW, answer, answer.timestamp)
    found = batch(bare, ROWS)
    check_all(found.results, found.timestamp)


def test_no_interval_is_wide_enough_for_a_level(target: Target) -> None:
    """The receipt says what the answer does, whatever the level."""
    for level in (0.5, 0.99):
        answer = predicted(target, ROW, level=level)
        check(opened(answer.receipt), ROW, answer, answer.timestamp)


def test_many_houses_have_a_receipt_each(target: Target) -> None:
    rows = np.array([ROW] * 2500)
    rows[:, FEATURE_NAMES.index("RM")] = np.linspace(5, 7, len(rows))
    found = batch(target, rows)
    for place, (row, each) in enumerate(zip(rows, found.results, strict=True)):
        check(opened(each.receipt), row, each, found.timestamp, place)


def test_houses_that_are_alike_have_a_receipt_each(target: Target) -> None:
    rows = np.array([ROW] * 2500)
    for results in (batch(target, rows).results, chunk(target, rows).rows.items):
        assert len({each.receipt for each in results}) == len(rows)


def test_the_model_is_named(target: Target, honest: Example) -> None:
    told = info_of(client_of(target.channel, ""))
    model = opened(predicted(target, ROW).receipt).model
    assert model == Model.of(told.bundle_digest, told.schema_digest, told.version)
    assert (model.digest, model.version) == (honest.digest[:16], 0)
    metadata = load(honest.folder).metadata
    assert model.schema == schema.digest(metadata.target.name, metadata.target.unit)[:8]


def test_without_the_option_there_is_no_receipt(target: Target) -> None:
    request = pb.PredictRequest(house=house(ROW))
    assert not target.predictions.Predict(request, timeout=SECONDS).receipt
    request.receipt = True
    with_it = target.predictions.Predict(request, timeout=SECONDS)
    assert with_it.receipt
    assert target.predictions.Predict(request, timeout=SECONDS).prediction == with_it.prediction


def test_a_house_that_cannot_be_scored_has_no_receipt(target: Target) -> None:
    told = failure(lambda: predicted(target, BLANK))
    assert told.code == StatusCode.INVALID_ARGUMENT.value[0]


def test_only_the_first_chunk_says_whether_there_are_receipts(target: Target) -> None:
    first, second = listed([house(ROW)]), listed([house(ROW)])
    second.receipt = True
    told = target.ask([first, second])
    assert [each.rows.items[0].receipt for each in told.chunks] == ["", ""]
    first.receipt, second.receipt = True, False
    told = target.ask([first, second])
    assert all(each.rows.items[0].receipt for each in told.chunks)


MATRIX_FIX = "ask for rows, or leave receipt out of the stream's first message"
OF_MATRIX = refusal(
    StatusCode.INVALID_ARGUMENT,
    "RECEIPT_OF_MATRIX",
    f"receipt: a matrix is answered with numbers alone; {MATRIX_FIX}",
    {"receipt": MATRIX_FIX},
)


def test_a_matrix_has_no_receipts(target: Target) -> None:
    numbers = matrix(np.array([ROW]))
    numbers.receipt = True
    told = target.ask([numbers])
    assert (told.error, told.chunks) == (OF_MATRIX, [])
    first = listed([house(ROW)])
    first.receipt = True
    told = target.ask([first, matrix(np.array([ROW]))])
    assert (told.error, len(told.chunks)) == (OF_MATRIX, 1)


OFF_FIX = (
    "set RECEIPT_KEYS_FILE on the server (housing-admin keygen FILE --receipt makes one), or leave "
    "receipt out"
)
OFF = refusal(
    StatusCode.FAILED_PRECONDITION,
    "RECEIPTS_OFF",
    f"receipt: this server has no keys to seal receipts with; {OFF_FIX}",
    {"receipt": OFF_FIX},
)


def test_a_server_without_keys_says_what_to_do(
    honest: Example, stack: ExitStack, tmp_path: Path
) -> None:
    (tmp_path / "home").write_text("a file in the place of the folder")
    off = start_target(stack, honest.folder, housing_home=str(tmp_path / "home"))
    assert failure(lambda: predicted(off, ROW)) == OFF
    assert failure(lambda: batch(off, ROWS)) == OFF
    request = listed([house(ROW)])
    request.receipt = True
    assert off.ask([request]).error == OFF
    request.receipt = False
    assert off.ask([request]).error is None


def test_a_server_on_loopback_has_a_key_of_its_own(
    serve: Serve, honest: Example, tmp_path: Path
) -> None:
    """Another server of the same home opens what the first one sealed."""
    request = pb.PredictRequest(house=house(ROW), receipt=True)
    for _ in range(2):
        client = serve(honest.folder, housing_home=str(tmp_path))
        text = client.predictions.Predict(request, timeout=SECONDS).receipt
        assert key_file.own(tmp_path).open(text, "receipt").row == np.array(ROW).tobytes()
