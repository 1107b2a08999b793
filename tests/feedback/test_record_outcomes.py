"""RecordOutcomes and GetQuality of a real server."""

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from grpc import StatusCode
from housing.v1 import feedback_pb2 as pb
from housing.v1.prediction_pb2 import House, PredictRequest
from sqlalchemy import create_engine, text

from housing_grpc.receipts.sealing import Seals
from tests.support.calls import info_of, raw
from tests.support.client import SECONDS, Client, failure, reason_of, refusal
from tests.support.examples import Example
from tests.support.outcomes import KEY, MODEL, SEALS, receipt, sealed
from tests.support.serving import Serve

NEW, SAME, CORRECTED, RETRACTED = (
    pb.RECORDED_NEW,
    pb.RECORDED_SAME,
    pb.RECORDED_CORRECTED,
    pb.RECORDED_RETRACTED,
)
FOREIGN = Seals([bytes(32)])
DAY_NS = 86_400 * 10**9

Ask = Callable[..., Client]


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    file = tmp_path / "receipt.keys"
    file.write_text(KEY.hex() + "\n")
    return file


@pytest.fixture
def keeping(serve: Serve, linear: Example, url: str, keys: Path) -> Ask:
    """Starts a server that keeps outcomes: `keeping(**settings)` returns a client."""

    def start(**more: Any) -> Client:
        given = {"feedback_url": url, "receipt_keys_file": str(keys), **more}
        return serve(linear.folder, **given)

    return start


def item(text: str | None = None, actual: float = 21.0, **more: Any) -> pb.Outcome:
    return pb.Outcome(receipt=sealed() if text is None else text, actual=actual, **more)


def record(client: Client, *items: pb.Outcome, **call: Any) -> list[Any]:
    """Returns what was done with each item, or the reason why it was not taken."""
    request = pb.RecordOutcomesRequest(items=items)
    answer = client.feedback.RecordOutcomes(request, timeout=SECONDS, **call)
    return [
        each.recorded if each.WhichOneof("outcome") == "recorded" else reason_of(each.error)
        for each in answer.results
    ]


def quality(client: Client, version: str = "") -> Sequence[pb.ModelQuality]:
    request = pb.GetQualityRequest(model_version=version)
    return client.feedback.GetQuality(request, timeout=SECONDS).models


def test_the_price_that_was_given_comes_back(keeping: Ask) -> None:
    client = keeping()
    asked = PredictRequest(house=House(rm=6.5, lstat=5.0), receipt=True)
    priced = client.predictions.Predict(asked, timeout=SECONDS)
    outcome = item(priced.receipt, priced.prediction - 2.0)
    assert record(client, outcome) == [NEW]
    assert record(client, outcome) == [SAME]
    (live,) = quality(client)
    info = info_of(client)
    assert (live.model_version, live.live) == (info.version, True)
    assert (live.total_labels, live.labels) == (1, 1)
    assert live.rmse == pytest.approx(2.0)
    assert live.mae == pytest.approx(2.0)
    assert live.bias == pytest.approx(2.0)
    assert live.sums.squared == pytest.approx(4.0)
    assert abs(live.latest.ToSeconds() - time.time()) < SECONDS


def test_corrected_retracted_and_recorded_again(keeping: Ask) -> None:
    client, text = keeping(), sealed()
    assert record(client, item(text, 21.0)) == [NEW]
    assert record(client, item(text, 22.0)) == [CORRECTED]
    assert record(client, item(text, retract=True, actual=math.nan)) == [RETRACTED]
    assert record(client, item(text, retract=True)) == [SAME]
    assert record(client, item(text, 22.0)) == [CORRECTED]


FAULTS: list[tuple[pb.Outcome, str, str]] = [
    (item(""), "RECEIPT_MALFORMED", "receipt"),
    (item("short"), "RECEIPT_MALFORMED", "receipt"),
    (item(sealed()[:-1]), "RECEIPT_MALFORMED", "receipt"),
    (item("é" * 240), "RECEIPT_MALFORMED", "receipt"),
    (item("A" * 240), "RECEIPT_MALFORMED", "receipt"),
    (item(sealed()[:-4] + "AAAA"), "RECEIPT_FORGED", "receipt"),
    (item(FOREIGN.seal(receipt().pack())), "RECEIPT_FOREIGN", "receipt"),
    (item(sealed(receipt(priced_at=time.time_ns() - 401 * DAY_NS))), "RECEIPT_TOO_OLD", "receipt"),
    (item(actual=0.0), "OUTCOME_DOMAIN", "actual"),
    (item(actual=-1.0), "OUTCOME_DOMAIN", "actual"),
    (item(actual=math.nan), "OUTCOME_DOMAIN", "actual"),
    (item(actual=math.inf), "OUTCOME_DOMAIN", "actual"),
    (item(actual=2000.1), "OUTCOME_UNIT", "actual"),
    (item(actual=0.19), "OUTCOME_UNIT", "actual"),
    (item(source="x" * 101), "OUTCOME_SOURCE", "source"),
    (item(source="a\nb"), "OUTCOME_SOURCE", "source"),
    (item(source="a\0b"), "OUTCOME_SOURCE", "source"),
    (
        item(observed_at=Timestamp(seconds=int(time.time()) + 90_000)),
        "OUTCOME_IN_FUTURE",
        "observed_at",
    ),
    (item(observed_at=Timestamp(seconds=-(2**62))), "OUTCOME_DOMAIN", "observed_at"),
    (item(observed_at=Timestamp(seconds=2**62)), "OUTCOME_DOMAIN", "observed_at"),
    (item(observed_at=Timestamp(nanos=-1)), "OUTCOME_DOMAIN", "observed_at"),
    (item(retract=True), "OUTCOME_NOT_FOUND", "receipt"),
]


def test_each_fault_is_of_its_item_alone(keeping: Ask) -> None:
    client = keeping()
    items = [fault for fault, _, _ in FAULTS]
    request = pb.RecordOutcomesRequest(items=[item(), *items, item()])
    first, *results, last = client.feedback.RecordOutcomes(request, timeout=SECONDS).results
    assert (first.recorded, last.recorded) == (NEW, NEW)
    for place, (result, (_, reason, field)) in enumerate(zip(results, FAULTS, strict=True), 1):
        assert reason_of(result.error) == reason
        assert result.error.message.startswith(f"items[{place}].{field} "), result.error.message


def test_what_lies_at_the_bounds_is_taken(keeping: Ask) -> None:
    ahead = Timestamp(seconds=int(time.time()) + 240)
    taken = [
        item(actual=2000.0),
        item(actual=0.2),
        # Of a price below nothing, no unit can be told.
        item(sealed(receipt(price=-1.0)), 500.0),
        item(source="é" * 100),
        item(observed_at=ahead),
        item(observed_at=Timestamp(seconds=-62_135_596_800)),
    ]
    assert record(keeping(), *taken) == [NEW] * len(taken)


def test_a_receipt_counts_once_in_a_request(keeping: Ask) -> None:
    client, text = keeping(), sealed()
    found = record(client, item(text, 21.0), item(text, 22.0), item(text, retract=True))
    assert found == [NEW, "RECEIPT_REPEATED", "RECEIPT_REPEATED"]


def test_one_that_is_refused_costs_no_other_of_the_same_receipt(keeping: Ask) -> None:
    client, text = keeping(), sealed()
    found = record(client, item(text, 21_000.0), item(text, 21.0), item(text, 21.0))
    assert found == ["OUTCOME_UNIT", NEW, "RECEIPT_REPEATED"]


def test_the_same_receipt_in_other_letters_is_none(keeping: Ask) -> None:
    client = keeping()
    text = next(each for each in iter(sealed, "") if "-" in each and "_" in each)
    assert record(client, item(text)) == [NEW]
    for one, other in (("-", "+"), ("_", "/")):
        assert record(client, item(text.replace(one, other))) == ["RECEIPT_MALFORMED"]


def test_days_of_zero_take_every_age(keeping: Ask) -> None:
    old = sealed(receipt(priced_at=0))
    assert record(keeping(feedback_days=0), item(old)) == [NEW]
    # It was recorded: retracted it may always be.
    assert record(keeping(), item(old, retract=True)) in ([RETRACTED], ["OUTCOME_NOT_FOUND"])


def test_what_is_too_old_is_purged_at_start(keeping: Ask, events: Any) -> None:
    old = sealed(receipt(priced_at=time.time_ns() - 30 * DAY_NS))
    client = keeping(feedback_days=0)
    assert record(client, item(old), item()) == [NEW, NEW]
    keeping(feedback_days=7)
    assert events.wait_for("feedback.purged") == {"outcomes": 1}


@pytest.mark.parametrize(
    ("count", "reason", "message", "fix"),
    [
        (0, "EMPTY_BATCH", "items: is empty; send 1 to 3 outcomes", "send at least one outcome"),
        (
            4,
            "BATCH_TOO_LARGE",
            "items: holds more than 3 outcomes, which is the most; send them in parts",
            "send at most 3",
        ),
    ],
)
def test_how_many_there_may_be(
    keeping: Ask, count: int, reason: str, message: str, fix: str
) -> None:
    client = keeping(max_batch_rows=3)
    request = pb.RecordOutcomesRequest(items=[pb.Outcome()] * count)
    refused = failure(lambda: client.feedback.RecordOutcomes(request, timeout=SECONDS))
    assert refused == refusal(StatusCode.INVALID_ARGUMENT, reason, message, {"items": fix})


@pytest.mark.parametrize("method", ["RecordOutcomes", "GetQuality"])
def test_bytes_that_are_no_request(keeping: Ask, method: str) -> None:
    call = raw(keeping(), f"/housing.v1.FeedbackService/{method}", b"\xff")
    assert reason_of(failure(call)) == "MALFORMED_REQUEST"


def test_a_server_that_keeps_no_outcomes_says_so(serve: Serve, linear: Example) -> None:
    client = serve(linear.folder)
    for call in (lambda: record(client, item()), lambda: quality(client)):
        refused = failure(call)
        assert reason_of(refused) == "FEEDBACK_OFF"
        assert "set FEEDBACK_URL on the server" in refused.message


def test_a_server_without_keys_says_so(serve: Serve, linear: Example, url: str) -> None:
    client = serve(linear.folder, feedback_url=url, grpc_host="0.0.0.0", allow_unauthenticated=True)
    refused = failure(lambda: record(client, item()))
    assert reason_of(refused) == "RECEIPTS_OFF"
    assert "set RECEIPT_KEYS_FILE on the server" in refused.message
    # What is known can still be asked.
    assert [each.total_labels for each in quality(client)] == [0]


def test_models_of_others_come_after_the_live_one(keeping: Ask) -> None:
    client = keeping()
    folder = msgspec.structs.replace(MODEL, digest="f" * 16, version=0)
    record(client, *(item(sealed(receipt(20.0)), actual) for actual in (19.0, 24.0, 28.0)))
    record(client, item(sealed(receipt(20.0, model=folder)), 20.0))
    live, latest, first = quality(client)
    assert (live.live, live.labels, live.HasField("rmse")) == (True, 0, False)
    assert not live.HasField("latest")
    assert (latest.model_version, latest.bundle_digest) == ("f" * 12, "f" * 16)
    assert (first.model_version, first.bundle_digest) == ("3", MODEL.digest)
    assert (first.interval.labels, first.interval.covered) == (3, 2)
    assert first.interval.ratio == pytest.approx(2 / 3)
    assert first.bias == pytest.approx((1 - 4 - 8) / 3)
    assert [each.model_version for each in quality(client, "3")] == ["3"]
    assert list(quality(client, "99")) == []


@pytest.mark.parametrize(
    ("role", "may_record", "may_ask"),
    [("predict", False, True), ("feedback", True, True), ("admin", True, True)],
)
def test_who_may_do_what(
    keeping: Ask, tmp_path: Path, role: str, may_record: bool, may_ask: bool
) -> None:
    file = tmp_path / "keys"
    file.write_text(f"someone {role} secret\n")
    client = keeping(api_keys_file=str(file))
    metadata = (("x-api-key", "secret"),)
    request = pb.RecordOutcomesRequest(items=[item()])
    feedback, predictions = client.feedback, client.predictions

    def told(call: Callable[..., object], given: object) -> str:
        try:
            call(given, timeout=SECONDS, metadata=metadata)
        except Exception:  # noqa: BLE001 - made again, to be looked at
            return failure(lambda: call(given, timeout=SECONDS, metadata=metadata)).message  # type: ignore[no-any-return]
        return ""

    denied = f"the key's role is '{role}'; this method takes "
    expected = "" if may_record else f"{denied}'feedback' or 'admin'"
    assert told(feedback.RecordOutcomes, request) == expected
    assert told(feedback.GetQuality, pb.GetQualityRequest()) == ""
    expected = f"{denied}'predict' or 'admin'" if role == "feedback" else ""
    assert told(predictions.Predict, PredictRequest(house=House(rm=6))) == expected


def test_no_value_is_logged(keeping: Ask, events: Any, url: str) -> None:
    client = keeping()
    record(client, item(actual=23.4567, source="canary"), item(actual=-23.4567, source="canary"))
    engine = create_engine(_with_driver(url))
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE outcomes"))
    engine.dispose()
    refused = failure(lambda: record(client, item(actual=23.4567, source="canary")))
    assert reason_of(refused) == "FEEDBACK_UNAVAILABLE"
    events.wait_for("call.failed")
    logged = " ".join(str(vars(each)) for each in events.records)
    assert "23.4567" not in logged
    assert "canary" not in logged


def _with_driver(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://")


def test_a_deadline_that_has_passed_ends_the_call(keeping: Ask) -> None:
    client = keeping()
    request = pb.RecordOutcomesRequest(items=[item()])
    refused = failure(lambda: client.feedback.RecordOutcomes(request, timeout=0.000001))
    assert refused.code == StatusCode.DEADLINE_EXCEEDED.value[0]


def test_seals_of_the_tests_are_those_of_the_server() -> None:
    assert SEALS.open(sealed(), "receipt").model == MODEL
