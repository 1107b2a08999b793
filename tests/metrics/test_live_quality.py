"""How good the prices of a real server were, by its metrics and by GetQuality."""

import math
from pathlib import Path

import pytest
from housing.v1 import feedback_pb2 as pb
from housing.v1.prediction_pb2 import House, PredictBatchRequest, RowResult

from housing_grpc.bundle.model import load
from tests.metrics.conftest import Measure, Measured
from tests.support.client import SECONDS, Client
from tests.support.examples import Example
from tests.support.waiting import until

OFF = 3.0
COUNT = 60


def priced(client: Client, count: int) -> list[RowResult]:
    items = [House(rm=5 + number / 40, lstat=10) for number in range(count)]
    request = PredictBatchRequest(items=items, receipt=True)
    return list(client.predictions.PredictBatch(request, timeout=SECONDS).results)


def sold(client: Client, prices: list[RowResult], off: float) -> None:
    """Records that houses sold for less than was predicted."""
    items = [pb.Outcome(receipt=each.receipt, actual=each.prediction - off) for each in prices]
    client.feedback.RecordOutcomes(pb.RecordOutcomesRequest(items=items), timeout=SECONDS)


def live(client: Client) -> pb.ModelQuality:
    (found,) = client.feedback.GetQuality(pb.GetQualityRequest(), timeout=SECONDS).models
    return found


@pytest.fixture
def measured(measure: Measure, honest: Example, tmp_path: Path) -> Measured:
    return measure(honest.folder, feedback_url=f"sqlite:///{tmp_path / 'feedback.db'}")


def test_metrics_follow_what_is_recorded(measured: Measured, honest: Example) -> None:
    client, version = measured.client, (honest.version,)

    def labels() -> float:
        return measured.samples().get(("housing_live_labels", version), math.nan)

    until(lambda: labels() == 0)
    prices = priced(client, COUNT)
    sold(client, prices, OFF)
    until(lambda: labels() == COUNT)
    found = measured.samples()
    assert found["housing_live_summed_error", version] == pytest.approx(COUNT * OFF)
    for name in ("rmse", "mae", "bias"):
        assert found[f"housing_live_{name}", version] == pytest.approx(OFF)
    covered = [each.prediction - OFF >= each.interval.lower for each in prices]
    assert found["housing_live_interval_covered", version] == sum(covered)
    assert found["housing_feedback_total", ("new",)] == COUNT
    assert found["housing_feedback_lag_seconds_count", ()] == COUNT


def test_get_quality_tells_what_training_promised(measured: Measured, honest: Example) -> None:
    client, bundle = measured.client, load(honest.folder)
    assert not live(client).HasField("expected_mae")
    prices = priced(client, COUNT)
    sold(client, prices[:49], OFF)
    found = live(client)
    assert (found.live, found.labels) == (True, 49)
    assert not found.HasField("skill")
    halves = [each.interval.upper - each.prediction for each in prices]
    expected = sum(halves) / COUNT * bundle.error_per_half_width
    assert found.expected_mae == pytest.approx(expected)
    sold(client, prices, OFF)
    found = live(client)
    assert found.labels == COUNT
    assert found.skill == pytest.approx(OFF / bundle.metadata.metrics["cv_rmse"])
    interval = found.interval
    assert 0 <= interval.lower <= interval.ratio <= interval.upper <= 1
    assert not interval.alarm


def test_intervals_that_hold_too_little_give_an_alarm(measured: Measured) -> None:
    client = measured.client
    prices = priced(client, COUNT)
    sold(client, [each for each in prices if each.prediction > 16], 15.0)
    interval = live(client).interval
    assert interval.covered < interval.labels / 2
    assert interval.alarm
    assert interval.detector >= 1e5


def test_refused_outcomes_are_counted_by_reason(measured: Measured) -> None:
    (price,) = priced(measured.client, 1)
    sold(measured.client, [price], price.prediction)
    sold(measured.client, [RowResult(receipt="short")], -1.0)
    found = measured.samples()
    assert found["housing_feedback_total", ("OUTCOME_DOMAIN",)] == 1
    assert found["housing_feedback_total", ("RECEIPT_MALFORMED",)] == 1
    assert found["housing_feedback_total", ("new",)] == 0
