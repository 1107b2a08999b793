"""ModelInfer: the prices are those of PredictBatch, to the bit."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from google.protobuf.json_format import MessageToDict
from grpc import StatusCode
from housing.v1 import prediction_pb2 as pb

from tests.support import faulty_models
from tests.support.client import SECONDS, Client, ask, failure, house, reason_of
from tests.support.examples import MODEL_NAME, Example, Rows
from tests.support.inference import Inference, columns_of, houses, numbers, request_of
from tests.support.serving import Serve

COUNT = 10_000
ALL = ("predict", "lower", "upper", "contributions", "base_value", "applicability")


def batch(client: Client, rows: Rows, **options: Any) -> list[pb.RowResult]:
    request = pb.PredictBatchRequest(items=map(house, rows), **options)
    answer = client.predictions.PredictBatch(request, timeout=SECONDS)
    return list(answer.results)


def priced(result: pb.RowResult) -> float:
    return math.nan if result.HasField("error") else result.prediction


@pytest.mark.parametrize("form", ["raw rows", "typed rows", "raw columns", "typed columns"])
def test_ten_thousand_rows_have_the_bits_of_predict_batch(
    whole: Client, inference: Inference, form: str
) -> None:
    rows = houses(COUNT)
    make = columns_of if "columns" in form else request_of
    request = make(rows, raw="raw" in form, parameters={"on_error": "nan"})
    answer = inference.ask("ModelInfer", request)
    told = batch(whole, rows)
    expected = np.array([priced(each) for each in told])
    assert numbers(answer, "predict").tobytes() == expected.tobytes()
    bad = int(np.isnan(expected).sum())
    assert answer.parameters["failed_rows"].int64_param == bad > 500
    first = int(np.flatnonzero(np.isnan(expected))[0])
    name = "rows" if "columns" in form else "input"
    shown = answer.parameters["first_error"].string_param
    assert shown == told[first].error.message.replace("items[", f"{name}[")


def test_ten_thousand_rows_have_the_bits_of_predict(whole: Client, inference: Inference) -> None:
    rows = houses(COUNT, seed=8)
    request = request_of(rows, parameters={"on_error": "nan"})
    found = numbers(inference.ask("ModelInfer", request), "predict")
    expected = [price for part in np.split(rows, 100) for price in predict(whole, part)]
    assert found.tobytes() == np.array(expected).tobytes()


def predict(client: Client, rows: Rows) -> list[float]:
    """The prices of Predict, one call a row, NaN where it is refused."""
    calls = [client.predictions.Predict.future(ask(row), timeout=SECONDS) for row in rows]
    for call in calls:
        assert call.code() in (StatusCode.OK, StatusCode.INVALID_ARGUMENT), call.details()
    return [math.nan if call.exception() else call.result().prediction for call in calls]


def test_one_row_at_a_time_has_the_bits_of_predict(whole: Client, inference: Inference) -> None:
    rows = houses(100, seed=8)
    for row, price in zip(rows, predict(whole, rows), strict=True):
        if math.isnan(price):
            status = failure(lambda: inference.ask("ModelInfer", request_of(row)))  # noqa: B023
            assert status.code == StatusCode.INVALID_ARGUMENT.value[0]
            assert status.message.startswith("input[0]")
            continue
        for raw in (True, False):
            answer = inference.ask("ModelInfer", request_of(row, raw=raw, id="7"))
            assert numbers(answer, "predict").tobytes() == np.array([price]).tobytes()
            assert (answer.id, bool(answer.raw_output_contents)) == ("7", raw)


@pytest.mark.parametrize("raw", [True, False])
def test_all_that_can_be_asked_is_what_predict_batch_says(
    whole: Client, inference: Inference, *, raw: bool
) -> None:
    rows = houses(300, seed=9)
    parameters = {"on_error": "nan", "level": 0.8}
    request = request_of(rows, raw=raw, outputs=ALL[::-1], parameters=parameters)
    answer = inference.ask("ModelInfer", request)
    assert [output.name for output in answer.outputs] == list(ALL[::-1])
    told = batch(whole, rows, explain=True, level=0.8)
    for place, result in enumerate(told):
        found = {name: numbers(answer, name)[place] for name in ALL}
        if result.HasField("error"):
            assert all(np.isnan(each).all() for each in found.values())
            continue
        assert found["predict"] == result.prediction
        assert found["base_value"] == result.explanation.base
        assert found["applicability"] == result.applicability.p_value
        amounts = [each.amount for each in result.explanation.contributions]
        assert found["contributions"].tolist() == amounts
        bounds = [found["lower"], found["upper"]]
        if result.HasField("interval"):
            assert bounds == [result.interval.lower, result.interval.upper]
        else:
            assert np.isnan(bounds).all()


def test_a_bad_row_fails_the_request_and_no_model_sees_it(
    whole: Client, inference: Inference
) -> None:
    rows = np.full((3, 13), 5.0)
    rows[:, [3, 8]] = 1
    rows[1, [3, 5]] = (7, math.inf)
    status = failure(lambda: inference.ask("ModelInfer", request_of(rows)))
    assert status.code == StatusCode.INVALID_ARGUMENT.value[0]
    assert reason_of(status) == "FEATURE_NOT_FINITE"
    assert status.message == (
        "input[1].RM is not finite; send a finite number, or leave it out; "
        "input[1].CHAS is 7, but must be 0 or 1"
    )


def test_nothing_but_bad_rows(inference: Inference) -> None:
    rows = np.full((2, 13), math.nan)
    request = request_of(rows, outputs=ALL, parameters={"on_error": "nan"})
    answer = inference.ask("ModelInfer", request)
    assert numbers(answer, "contributions").shape == (2, 13)
    assert np.isnan(numbers(answer, "predict")).all()


def test_what_comes_back_with_the_prices(inference: Inference, honest: Example) -> None:
    request = request_of(houses(1, seed=1), id="call-7", model_version=honest.version)
    answer = inference.ask("ModelInfer", request)
    assert (answer.model_name, answer.model_version) == (MODEL_NAME, honest.version)
    assert answer.id == "call-7"
    assert [list(output.shape) for output in answer.outputs] == [[1]]
    assert not answer.parameters


def test_single_precision_is_answered_with_a_warning(whole: Client, inference: Inference) -> None:
    rows = houses(50, seed=1).astype(np.float32).astype(np.float64)
    asked = request_of(rows, datatype="FP32", parameters={"on_error": "nan"})
    answer = inference.ask("ModelInfer", asked)
    expected = np.array([priced(each) for each in batch(whole, rows)])
    assert numbers(answer, "predict").tobytes() == expected.tobytes()
    assert "send FP64" in answer.parameters["warning"].string_param


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"model_name": "others"}, "model_name: 'others' is not live here"),
        ({"model_name": ""}, "model_name: '' is not live here"),
        ({"model_version": "99"}, "model_version: '99' is not live here"),
    ],
)
def test_another_model_than_the_live_one(
    inference: Inference, more: dict[str, Any], text: str
) -> None:
    status = failure(lambda: inference.ask("ModelInfer", request_of(np.ones(13), **more)))
    assert status.code == StatusCode.NOT_FOUND.value[0]
    assert reason_of(status) == "MODEL_NOT_FOUND"
    assert status.message.startswith(text)


@pytest.mark.parametrize("output", ["lower", "applicability"])
def test_what_the_bundle_cannot_give(serve: Serve, linear: Example, output: str) -> None:
    client = Inference(serve(linear.folder).channel)
    row = np.array([5.0] * 3 + [1] + [5] * 4 + [1] + [5] * 4)
    status = failure(lambda: client.ask("ModelInfer", request_of(row, outputs=[output])))
    assert reason_of(status) == "NOT_IN_BUNDLE"
    assert status.message.startswith(f"{output}: the live model's bundle cannot give it")


def test_limits_of_rows_levels_and_explanations(serve: Serve, honest: Example) -> None:
    client = Inference(serve(honest.folder, max_batch_rows=5, max_explain_seconds=1e-9).channel)
    row = np.array([5.0] * 3 + [1] + [5] * 4 + [1] + [5] * 4)

    def refused(rows: Rows, **more: Any) -> str:
        return reason_of(failure(lambda: client.ask("ModelInfer", request_of(rows, **more))))

    assert refused(np.tile(row, (6, 1))) == "BATCH_TOO_LARGE"
    rows = np.tile(row, (5, 1))
    assert refused(rows, outputs=["contributions"]) == "EXPLAIN_TOO_LARGE"
    assert refused(rows, outputs=["lower"], parameters={"level": 0.2}) == "LEVEL_OUT_OF_RANGE"
    answer = client.ask("ModelInfer", request_of(rows))
    assert len(set(numbers(answer, "predict"))) == 1, MessageToDict(answer)


def test_a_price_that_is_no_number_is_never_an_answer(
    serve: Serve, linear: Example, tmp_path: Path
) -> None:
    faulty_models.write(linear, tmp_path / "bundle")
    client = Inference(serve(tmp_path / "bundle").channel)
    rows = np.full((2, 13), math.nan)
    rows[:, 5] = 1e30
    for request in (request_of(rows), request_of(rows[0])):
        status = failure(lambda: client.ask("ModelInfer", request))  # noqa: B023
        assert reason_of(status) == "MODEL_OUTPUT_INVALID"
    rows[0, 5] = 7
    requests = iter([request_of(rows), request_of(rows[0])])
    failed, good = client.ask("ModelStreamInfer", requests)
    reason = failed.infer_response.parameters["reason"].string_param
    assert (reason, good.error_message) == ("MODEL_OUTPUT_INVALID", "")
    assert np.isfinite(numbers(good.infer_response, "predict")).all()
