"""A model that answers with what is no price."""

import logging
from pathlib import Path

import numpy as np
import onnx
from google.rpc.status_pb2 import Status
from grpc import StatusCode
from housing.v1.prediction_pb2 import House, PredictBatchRequest, PredictRequest
from onnx import TensorProto, helper, numpy_helper

from housing_grpc.bundle.schema import FEATURE_NAMES
from tests import examples
from tests.examples import Example
from tests.server.conftest import Events, Serve
from tests.server.wire import SECONDS, Client, failure, refusal

WIDTH = len(FEATURE_NAMES)

NOT_FINITE = refusal(
    StatusCode.INTERNAL,
    "MODEL_OUTPUT_INVALID",
    "the model gave a price that is not a finite number",
)


def root_of_rooms() -> bytes:
    """A graph that gives NaN for a house with far too few rooms."""
    weights = np.zeros((WIDTH, 1))
    weights[FEATURE_NAMES.index("RM")] = 1.0
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["rooms"]),
        helper.make_node("Add", ["rooms", "c"], ["above"]),
        helper.make_node("Sqrt", ["above"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "root",
        [helper.make_tensor_value_info("x", TensorProto.DOUBLE, [None, WIDTH])],
        [helper.make_tensor_value_info("y", TensorProto.DOUBLE, [None, 1])],
        [numpy_helper.from_array(weights, "w"), numpy_helper.from_array(np.array([10.0]), "c")],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    onnx.checker.check_model(made)
    return bytes(made.SerializeToString())


def broken(client: Client, house: House) -> Status:
    request = PredictRequest(house=house)
    return failure(lambda: client.predictions.Predict(request, timeout=SECONDS))


def test_a_price_that_is_no_number_is_never_an_answer(
    serve: Serve, linear: Example, tmp_path: Path, events: Events
) -> None:
    examples.rewrite(linear.folder, tmp_path / "bundle", graph=root_of_rooms())
    client = serve(tmp_path / "bundle")
    good = PredictRequest(house=House(rm=6))
    assert client.predictions.Predict(good, timeout=SECONDS).prediction > 0
    assert broken(client, House(rm=-1000)) == NOT_FINITE
    items = PredictBatchRequest(items=[House(rm=6), House(rm=-1000)])
    call = client.predictions.PredictBatch
    assert failure(lambda: call(items, timeout=SECONDS)) == NOT_FINITE
    assert [event["reason"] for event in events.of("call.failed")] == ["MODEL_OUTPUT_INVALID"] * 2
    assert {record.levelno for record in events.records if record.exc_info} == {logging.ERROR}
