"""What the client says beside prices: how sure they are, how unusual houses, what makes prices."""

import asyncio
import csv
import json
import math
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from housing.v1 import prediction_pb2 as pb
from housing.v1.prediction_pb2_grpc import PredictionServiceStub

from clients.python import (
    FEATURES,
    AsyncHousingClient,
    FailedPreconditionError,
    HousingClient,
    HousingError,
    InvalidArgumentError,
    Prediction,
    StreamPolicy,
    Tally,
    to_json,
)
from clients.python.asked import asked
from clients.python.chunks import Layout
from clients.python.command.main import main
from clients.python.errors import UnavailableError
from clients.python.ledger import Ledger
from housing_grpc.base.errors import Reason
from housing_grpc.rest.json.writer import Writers
from tests.clients.conftest import Connect, Host
from tests.clients.servicers import Refuser
from tests.support.client import SECONDS
from tests.support.commands import Say, saying
from tests.support.examples import Example
from tests.support.serving import housing_server

KNOWN = {"RM": 6.2, "LSTAT": 9.0, "CRIM": 0.3, "NOX": 0.5}
# Each value is one that the training data has; together they are none that any house has.
ODD = {"CRIM": 80.0, "ZN": 95.0, "NOX": 0.85, "RM": 8.5, "AGE": 3.0, "DIS": 11.0, "LSTAT": 35.0}
PARTS = ("interval", "applicability", "explanation")


@pytest.fixture(scope="module")
def told(honest: Example) -> Iterator[str]:
    """The address of a server that serves the honest bundle throughout."""
    with ExitStack() as stack:
        server = housing_server(stack, honest.folder, drain_seconds=0, max_queue_seconds=3600)
        yield f"127.0.0.1:{server.port}"


@pytest.fixture
def sure(told: str, connect: Connect) -> HousingClient:
    return connect(told)


def priced(found: object) -> Prediction:
    assert isinstance(found, Prediction)
    return found


def test_all_forms_say_the_same(sure: HousingClient) -> None:
    houses = [KNOWN, ODD]
    options: dict[str, Any] = {"level": 0.8, "reference": {"RM": 6}}
    alone = [sure.predict(house, **options) for house in houses]
    together = [priced(each) for each in sure.predict_batch(houses, **options)]
    rows = [priced(each) for each in sure.score(houses, form="rows", **options)]
    for one, other, third in zip(alone, together, rows, strict=True):
        for part in PARTS:
            assert getattr(one, part) == getattr(other, part) == getattr(third, part) is not None
    for one, numbers in zip(alone, map(priced, sure.score(houses, **options)), strict=True):
        known, found = one.interval, numbers.interval
        assert known is not None
        assert found is not None
        assert (found.lower, found.upper) == pytest.approx((known.lower, known.upper))
        assert (found.level, found.extrapolated) == (0.8, known.extrapolated)
        assert one.applicability is not None
        assert numbers.applicability is not None
        assert numbers.applicability.p_value == one.applicability.p_value
        # Not asked for in this form, which is not the same as none.
        assert numbers.applicability.odd_features is None
        assert one.explanation is not None
        assert numbers.explanation is not None
        assert numbers.explanation.base == pytest.approx(one.explanation.base)
        for each, wanted in zip(
            numbers.explanation.contributions, one.explanation.contributions, strict=True
        ):
            assert (each.feature, each.imputed) == (wanted.feature, wanted.imputed)
            assert each.amount == pytest.approx(wanted.amount)


def test_an_answer_says_how_sure_how_unusual_and_why(sure: HousingClient) -> None:
    found = sure.predict(ODD, explain=True)
    assert found.interval is not None
    assert found.interval.lower < found.interval.upper
    assert (found.interval.level, found.interval.extrapolated) == (0.9, True)
    assert found.applicability is not None
    assert found.applicability.p_value < 0.01
    assert set(found.applicability.odd_features or ()) <= set(FEATURES)
    explanation = found.explanation
    assert explanation is not None
    assert explanation.method == "EXPLANATION_METHOD_LINEAR"
    total = explanation.base + sum(each.amount for each in explanation.contributions)
    assert total == pytest.approx(found.price)
    imputed = [each.feature for each in explanation.contributions if each.imputed]
    assert tuple(imputed) == found.imputed_features
    assert sure.predict(KNOWN).explanation is None


def test_arrays_come_on_request(sure: HousingClient) -> None:
    houses = [KNOWN, {"RM": math.inf}, ODD]
    (chunk,) = sure.score(houses, intervals=True, explain=True).chunks()
    for found in (chunk.lower, chunk.upper, chunk.p_value):
        assert np.isnan(np.asarray(found)).tolist() == [False, True, False]
    amounts = np.asarray(chunk.contributions).reshape(-1, 13)
    sums = chunk.base + amounts.sum(axis=1)
    assert sums[[0, 2]] == pytest.approx(np.asarray(chunk.prices)[[0, 2]])
    (plain,) = sure.score(houses).chunks()
    assert plain.lower is plain.upper is plain.p_value is plain.contributions is None
    (rows,) = sure.score(houses, form="rows").chunks()
    assert np.asarray(rows.lower) == pytest.approx(np.asarray(chunk.lower), nan_ok=True)


def test_for_asyncio_it_is_the_same(told: str, sure: HousingClient) -> None:
    async def ask() -> list[object]:
        async with AsyncHousingClient(told) as client:
            options: dict[str, Any] = {"explain": True, "level": 0.7}
            one = await client.predict(KNOWN, **options)
            (other,) = await client.predict_batch([KNOWN], **options)
            scored = [each async for each in client.score([KNOWN], **options)]
            return [one, other, *scored]

    for found in map(priced, asyncio.run(ask())):
        assert found.interval is not None
        wanted = sure.predict(KNOWN, level=0.7).interval
        assert wanted is not None
        assert found.interval.lower == pytest.approx(wanted.lower)
        assert found.interval.level == 0.7
        assert found.explanation is not None


def test_json_is_that_of_the_proxy(told: str, sure: HousingClient) -> None:
    request = pb.PredictRequest(house=pb.House(rm=6.2), explain=True)
    with grpc.insecure_channel(told) as channel:
        answer = PredictionServiceStub(channel).Predict(request, timeout=SECONDS)
    ours = to_json(sure.predict(RM=6.2, explain=True))
    kind: Any = pb.PredictResponse.DESCRIPTOR
    theirs = Writers().message(kind)(answer)
    assert list(ours) == list(theirs)
    for part in PARTS:
        assert ours[part].keys() == theirs[part].keys()
    assert [list(each) for each in ours["explanation"]["contributions"]] == [
        list(each) for each in theirs["explanation"]["contributions"]
    ]
    assert json.loads(json.dumps(ours["interval"])) == theirs["interval"]


def test_what_there_is_none_of_is_not_in_the_json(client: HousingClient) -> None:
    assert not set(PARTS) & set(to_json(client.predict(KNOWN)))


def test_a_receipt_comes_on_request(told: str, sure: HousingClient) -> None:
    async def ask() -> list[object]:
        async with AsyncHousingClient(told) as client:
            one = await client.predict(KNOWN, receipt=True)
            batch = await client.predict_batch([KNOWN], receipt=True)
            scored = client.score([KNOWN], form="rows", receipt=True)
            return [one, *batch, *[each async for each in scored]]

    found = [
        sure.predict(KNOWN, receipt=True),
        *sure.predict_batch([KNOWN], receipt=True),
        *sure.score([KNOWN], form="rows", receipt=True),
        *asyncio.run(ask()),
    ]
    for each in map(priced, found):
        assert each.receipt is not None
        assert len(each.receipt) == 240
        assert to_json(each)["receipt"] == each.receipt
    without = sure.predict(KNOWN)
    assert (without.receipt, "receipt" in to_json(without)) == (None, False)
    with pytest.raises(InvalidArgumentError) as wrong:
        list(sure.score([KNOWN], receipt=True))
    assert wrong.value.reason == "RECEIPT_OF_MATRIX"
    assert "ask for rows" in str(wrong.value)


def test_every_stream_of_a_job_asks_in_its_first_message_alone() -> None:
    ledger = Ledger(
        StreamPolicy(), Tally(), asked=asked(level=0.8, reference={"RM": 6}, routing_key="me")
    )
    chunks = [Layout(chunk_rows=1).pack(place, [KNOWN]) for place in range(4)]
    assert not list(ledger.again())
    sent = [ledger.request(chunk) for chunk in chunks[:2]]
    ledger.broken(UnavailableError("gone"))
    sent += [*ledger.again(), ledger.request(chunks[2])]
    assert [each.level for each in sent] == [0.8, 0, 0.8, 0, 0]
    assert [each.HasField("reference") for each in sent] == [True, False, True, False, False]
    assert [each.routing_key for each in sent] == ["me", "", "me", "", ""]


def test_a_level_or_a_reference_that_is_none(sure: HousingClient) -> None:
    with pytest.raises(InvalidArgumentError) as wrong:
        sure.predict(KNOWN, level=2)
    assert wrong.value.reason == "LEVEL_OUT_OF_RANGE"
    with pytest.raises(InvalidArgumentError) as wrong:
        list(sure.score([KNOWN], level=2))
    assert wrong.value.reason == "LEVEL_OUT_OF_RANGE"
    with pytest.raises(InvalidArgumentError, match=r"reference\.RM is 'six'"):
        sure.predict(KNOWN, reference={"RM": "six"})
    with pytest.raises(InvalidArgumentError, match="level is 'high'"):
        sure.predict(KNOWN, level="high")  # type: ignore[arg-type]


def test_a_bundle_without_the_part_is_said_so(client: HousingClient) -> None:
    for ask in (
        lambda: client.predict(KNOWN, level=0.8),
        lambda: client.predict_batch([KNOWN], level=0.8),
        lambda: list(client.score([KNOWN], intervals=True)),
    ):
        with pytest.raises(FailedPreconditionError) as wrong:
            ask()
        assert wrong.value.reason == "NOT_IN_BUNDLE"


@pytest.mark.parametrize(
    "name", ["LEVEL_OUT_OF_RANGE", "NOT_IN_BUNDLE", "EXPLAIN_TOO_LARGE", "RECEIPTS_OFF"]
)
def test_what_would_only_be_refused_again_is_not_tried_again(
    host: Host, connect: Connect, name: str
) -> None:
    refuser = Refuser(Reason[name])
    client = connect(host(refuser))
    for ask in (lambda: client.predict(KNOWN), lambda: list(client.score([KNOWN]))):
        with pytest.raises(HousingError) as refused:
            ask()
        assert refused.value.reason == name
        assert ("give chunk_rows=" in str(refused.value)) == (name == "EXPLAIN_TOO_LARGE")
    assert refuser.calls == 2


@pytest.fixture
def tell(told: str, capsys: pytest.CaptureFixture[str]) -> Say:
    """Runs a command against the server that has all there is to tell."""
    return saying(lambda given: main([given[0], "--target", told, *map(str, given[1:])]), capsys)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "houses.csv"
    path.write_text("id,RM,LSTAT\na,6.2,9\nb,six,9\n")
    return path


@pytest.mark.parametrize("ending", ["csv", "ndjson", "parquet"])
def test_files_have_the_columns_on_request(tell: Say, table: Path, ending: str) -> None:
    for flags in (["--intervals"], ["--level", "0.8"], []):
        output = table.with_name(f"prices.{ending}")
        tell("score", table, output, "--keep", "id", "--force", *flags, code=4)
        good, bad = rows_of(output)
        names = {"lower", "upper", "p_value"} & set(good)
        assert names == ({"lower", "upper", "p_value"} if flags else set())
        if flags:
            low, price, high = (float(good[each]) for each in ("lower", "prediction", "upper"))
            assert low < price < high
            assert 0.01 < float(good["p_value"]) <= 1
            assert [bad[each] for each in ("lower", "upper", "p_value")] in ([""] * 3, [None] * 3)


@pytest.mark.parametrize("ending", ["csv", "ndjson", "parquet"])
def test_files_have_receipts_on_request(tell: Say, table: Path, ending: str) -> None:
    for flags in (["--receipts"], ["--receipts", "--intervals"]):
        output = table.with_name(f"prices.{ending}")
        tell("score", table, output, "--keep", "id", "--force", *flags, code=4)
        good, bad = rows_of(output)
        assert len(good["receipt"]) == 240
        assert bad["receipt"] in ("", None)
        assert ("upper" in good) == (len(flags) > 1)
    said = tell("predict", "RM=6", "--receipt").err
    (line,) = [each for each in said.splitlines() if each.startswith("receipt ")]
    assert len(line) == len("receipt ") + 240
    assert "receipt" in json.loads(tell("predict", "RM=6", "--receipt", "--json").out)


def rows_of(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".ndjson":
        return [json.loads(line) for line in path.read_text().splitlines()]
    if path.suffix == ".csv":
        with path.open(newline="") as file:
            return list(csv.DictReader(file))
    from pyarrow import parquet  # type: ignore[import-untyped]

    found: list[dict[str, Any]] = parquet.read_table(path).to_pylist()
    return found


def test_a_job_with_intervals_goes_on(tell: Say, table: Path) -> None:
    table.write_text("RM\n" + "6\n" * 50)
    whole, part = table.with_name("whole.csv"), table.with_name("part.csv")
    tell("score", table, whole, "--intervals")
    part.write_bytes(b"".join(whole.read_bytes().splitlines(keepends=True)[:20]))
    refused = tell("score", table, part, "--resume", code=2)
    assert "is none of our outputs" in refused.err
    tell("score", table, part, "--resume", "--intervals")
    assert part.read_bytes() == whole.read_bytes()


def test_a_kept_column_may_not_take_their_names(tell: Say, table: Path) -> None:
    table.write_text("lower,RM\n1,6\n")
    said = tell("score", table, "-", "--keep", "lower", "--intervals", code=1)
    assert "--keep lower: the output has a column of that name itself" in said.err
    assert tell("score", table, "-", "--keep", "lower").out.startswith("row,")


def test_a_price_is_explained(tell: Say, table: Path) -> None:
    said = tell("predict", "RM=6.2", "LSTAT=9", "--explain", "--level", "0.8")
    price, base, *features = said.out.splitlines()
    amounts = [float(line.split()[1]) for line in (base, *features)]
    assert sum(amounts) == pytest.approx(float(price), abs=1e-3)
    assert len(features) == 13
    assert sum("filled in" in line for line in features) == 11
    assert said.err.startswith("80 % interval: ")
    table.write_text("RM\n6\n")
    against = tell("predict", "RM=6.2", "--reference", table, "--json")
    found = json.loads(against.out)["explanation"]
    assert found["method"] == "EXPLANATION_METHOD_REFERENCE"


def test_a_reference_is_a_file_of_one_house(tell: Say, table: Path) -> None:
    said = tell("predict", "RM=6", "--reference", table, code=1)
    assert f"{table}: holds more than one house; name a file with one" in said.err
    table.write_text("RM\n")
    assert "holds no house" in tell("predict", "RM=6", "--reference", table, code=1).err
    table.write_text("RM\nsix\n")
    assert "RM is 'six'" in tell("predict", "RM=6", "--reference", table, code=1).err
    with pytest.raises(SystemExit):
        tell("predict", "RM=6", "--level", "high")


def test_a_house_for_which_the_interval_promises_nothing_is_warned_about(tell: Say) -> None:
    given = [f"{name}={value}" for name, value in ODD.items()]
    said = tell("predict", *given)
    assert "warning: House is unlike any of the training data" in said.err
    assert "warning: Interval is an extrapolation" in said.err
