"""A model that answers with what is no price."""

import logging
from pathlib import Path

from google.rpc.status_pb2 import Status
from grpc import StatusCode
from housing.v1.prediction_pb2 import House, PredictBatchRequest, PredictRequest

from tests.support import faulty_models
from tests.support.client import SECONDS, Client, failure, refusal
from tests.support.examples import Example
from tests.support.serving import Events, Serve

NOT_FINITE = refusal(
    StatusCode.INTERNAL,
    "MODEL_OUTPUT_INVALID",
    "the model gave a price that is not a finite number",
)


def broken(client: Client, house: House) -> Status:
    request = PredictRequest(house=house)
    return failure(lambda: client.predictions.Predict(request, timeout=SECONDS))


def test_a_price_that_is_no_number_is_never_an_answer(
    serve: Serve, linear: Example, tmp_path: Path, events: Events
) -> None:
    faulty_models.write(linear, tmp_path / "bundle")
    client = serve(tmp_path / "bundle")
    good = PredictRequest(house=House(rm=7))
    assert client.predictions.Predict(good, timeout=SECONDS).prediction > 0
    assert broken(client, House(rm=1e30)) == NOT_FINITE
    items = PredictBatchRequest(items=[House(rm=7), House(rm=1e30)])
    call = client.predictions.PredictBatch
    assert failure(lambda: call(items, timeout=SECONDS)) == NOT_FINITE
    assert [event["reason"] for event in events.of("call.failed")] == ["MODEL_OUTPUT_INVALID"] * 2
    assert {record.levelno for record in events.records if record.exc_info} == {logging.ERROR}
