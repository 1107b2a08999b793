"""Workers keep outcomes in one store, and how good prices were is no sum over them."""

from pathlib import Path

from housing.v1 import feedback_pb2 as pb
from housing.v1.prediction_pb2 import House, PredictBatchRequest

from tests.support.client import SECONDS, Client
from tests.support.examples import Example
from tests.support.waiting import until
from tests.workers.conftest import Start

EACH = 30


def sell(client: Client) -> None:
    """Has houses priced, and records that they sold for 2 less."""
    items = [House(rm=5 + number / 40, lstat=10) for number in range(EACH)]
    asked = PredictBatchRequest(items=items, receipt=True)
    prices = client.predictions.PredictBatch(asked, timeout=SECONDS).results
    sold = [pb.Outcome(receipt=each.receipt, actual=each.prediction - 2) for each in prices]
    client.feedback.RecordOutcomes(pb.RecordOutcomesRequest(items=sold), timeout=SECONDS)


def test_what_workers_read_of_one_store_is_not_added_up(
    start: Start, honest: Example, tmp_path: Path
) -> None:
    fleet = start(
        honest.folder,
        FEEDBACK_URL=f"sqlite:///{tmp_path / 'feedback.db'}",
        HOUSING_HOME=str(tmp_path),
    )
    version = (("version", honest.version),)
    placed = [clients[0] for clients in fleet.placed(1).values()]
    # One after the other, to a worker each: the outcomes of one house at two times are two.
    for client in placed:
        sell(client)

    def labels() -> float:
        return fleet.metrics().get(("housing_live_labels", version), -1.0)

    until(lambda: labels() == 2 * EACH)
    found = fleet.metrics()
    assert found["housing_live_summed_error", version] == 4 * EACH
    assert abs(found["housing_live_rmse", version] - 2) < 1e-9
    # What each has counted itself is.
    assert found["housing_feedback_total", (("result", "new"),)] == 2 * EACH
    for client in placed:
        (quality,) = client.feedback.GetQuality(pb.GetQualityRequest(), timeout=SECONDS).models
        assert quality.labels == 2 * EACH
