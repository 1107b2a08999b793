"""Every dialect gives the prices of Predict, to the bit."""

import json
import math
from functools import partial
from typing import Any

import httpx
import numpy as np
import pytest

from housing_grpc.bundle.schema import FEATURE_NAMES
from tests.rest.dialects.bodies import (
    CSV,
    INFER,
    INVOKE,
    JSON,
    PREDICT,
    binary,
    columns,
    csv,
    listed,
    outputs,
    predictions,
    recorded,
    tensor,
)
from tests.rest.dialects.conftest import results
from tests.support.client import SECONDS, Client, ask, failure, house
from tests.support.examples import Rows
from tests.support.inference import houses

FILLED = {"on_error": "nan"}


def rows_of(count: int) -> Rows:
    # Infinity cannot be said in JSON; what a single float cannot hold is refused as well.
    return np.nan_to_num(houses(count), nan=math.nan, posinf=1e39)


def every_form(http: httpx.Client, rows: Rows) -> dict[str, Any]:
    """Returns the prices of rows by each form of each dialect."""

    def infer(**body: Any) -> Any:
        return outputs(http.post(INFER, json={"parameters": FILLED, **body}))["predict"]

    def infer_bytes(tensors: dict[str, Any]) -> Any:
        wanted = {**FILLED, "binary_data_output": True}
        content, headers = binary(tensors, parameters=wanted)
        return outputs(http.post(INFER, content=content, headers=headers))["predict"]

    def posted(path: str, options: str, body: dict[str, Any]) -> Any:
        return predictions(http.post(path, json={**body, options: FILLED}))

    split = {"columns": FEATURE_NAMES, "data": listed(rows)}
    named = {name: [row[place] for row in listed(rows)] for place, name in
             enumerate(FEATURE_NAMES)}  # fmt: skip
    return {
        "tensor": infer(inputs=[tensor("input", rows)]),
        "tensors": infer(inputs=columns(rows)),
        "bytes": infer_bytes({"input": rows}),
        "bytes of columns": infer_bytes(dict(zip(FEATURE_NAMES, rows.T, strict=True))),
        "v1, lists": posted(PREDICT, "parameters", {"instances": listed(rows)}),
        "v1, objects": posted(PREDICT, "parameters", {"instances": recorded(rows)}),
        "split": posted(INVOKE, "params", {"dataframe_split": split}),
        "records": posted(INVOKE, "params", {"dataframe_records": recorded(rows)}),
        "instances": posted(INVOKE, "params", {"instances": listed(rows)}),
        "inputs": posted(INVOKE, "params", {"inputs": named}),
    }


def test_every_form_has_the_bits_of_predict_batch(http: httpx.Client, whole: Client) -> None:
    rows = rows_of(300)
    told = results(whole, rows)
    expected = np.array([math.nan if each.HasField("error") else each.prediction for each in told])
    good = ~np.isnan(expected)
    assert 0 < good.sum() < len(rows)
    for form, prices in every_form(http, rows).items():
        assert prices.tobytes() == expected.tobytes(), form
    # CSV has no place to ask for anything.
    found = predictions(http.post(INVOKE, content=csv(rows[good]), headers=CSV))
    assert found.tobytes() == expected[good].tobytes()


@pytest.mark.integration
def test_ten_thousand_rows_have_the_bits_of_predict(http: httpx.Client, whole: Client) -> None:
    rows = rows_of(10_000)
    predict = whole.predictions.Predict
    expected = np.full(len(rows), math.nan)
    bad = {place for place, told in enumerate(results(whole, rows)) if told.HasField("error")}
    for place, row in enumerate(rows):
        if place not in bad:
            expected[place] = predict(ask(row), timeout=SECONDS).prediction
    assert len(bad) > 500
    for place in sorted(bad)[:100]:
        assert failure(partial(predict, ask(rows[place]), timeout=SECONDS)).message
    for form, prices in every_form(http, rows).items():
        assert prices.tobytes() == expected.tobytes(), form
    good = [place for place in range(len(rows)) if place not in bad]
    found = predictions(http.post(INVOKE, content=csv(rows[good]), headers=CSV))
    assert found.tobytes() == expected[good].tobytes()


@pytest.mark.parametrize("dialect", ["oip", "v1", "invocations"])
def test_what_is_told_beside_prices_is_that_of_predict_batch(
    http: httpx.Client, whole: Client, dialect: str
) -> None:
    rows = rows_of(30)
    names = ["lower", "upper", "applicability", "base_value", "contributions", "predict"]
    found = told(http, dialect, rows, names)
    for place, result in enumerate(results(whole, rows, explain=True, level=0.8)):
        values = [found[name][place] for name in names]
        if result.HasField("error"):
            assert np.isnan(np.concatenate([np.atleast_1d(each) for each in values])).all()
            continue
        bounds = (result.interval.lower, result.interval.upper)
        expected = bounds if result.HasField("interval") else (math.nan, math.nan)
        assert np.array(values[:2]).tobytes() == np.array(expected).tobytes()
        assert values[2] == result.applicability.p_value
        assert values[3] == result.explanation.base
        assert [*values[4]] == [each.amount for each in result.explanation.contributions]
        assert values[5] == result.prediction


def told(http: httpx.Client, dialect: str, rows: Rows, names: list[str]) -> dict[str, Any]:
    asked = {**FILLED, "level": 0.8}
    if dialect == "oip":
        wanted = [{"name": name, "parameters": {"binary_data": name != "lower"}} for name in names]
        body: dict[str, Any] = {
            "inputs": [tensor("input", rows)],
            "outputs": wanted,
            "parameters": asked,
        }
        return dict(outputs(http.post(INFER, json=body)))
    path, options = (PREDICT, "parameters") if dialect == "v1" else (INVOKE, "params")
    body = {"instances": listed(rows), options: {**asked, "outputs": names}}
    found = http.post(path, json=body).json()["predictions"]
    text = json.loads(json.dumps(found).replace("null", "NaN"))
    return {name: [each[name] for each in text] for name in names}


def test_whole_numbers_and_single_precision(http: httpx.Client, whole: Client) -> None:
    rows = np.floor(rows_of(40)[~np.isnan(rows_of(40)).any(axis=1)])
    rows = rows[(rows[:, 3] <= 1) & (rows < 1e9).all(axis=1)]
    expected = np.array([each.prediction for each in results(whole, rows)])
    for datatype in ("INT64", "INT32", "FP32"):
        content, headers = binary({"input": rows}, datatype)
        for response in (
            http.post(INFER, json={"inputs": [tensor("input", rows, datatype)]}),
            http.post(INFER, content=content, headers=headers),
        ):
            assert outputs(response)["predict"].tobytes() == expected.tobytes()
            warned = "send FP64" in response.json().get("parameters", {}).get("warning", "")
            assert warned == (datatype == "FP32")


def test_values_of_single_precision_are_rounded_however_they_are_sent(
    http: httpx.Client, whole: Client
) -> None:
    row = np.array([[0.1, 18, 2.31, 0, 0.538, 6.575, 65.2, 4.09, 1, 296, 15.3, 396.9, 4.98]])
    content, headers = binary({"input": row}, "FP32")
    sent = outputs(http.post(INFER, content=content, headers=headers))["predict"]
    written = outputs(http.post(INFER, json={"inputs": [tensor("input", row, "FP32")]}))["predict"]
    rounded = row.astype(np.float32).astype(np.float64)
    assert sent == written == results(whole, rounded)[0].prediction
    assert house(row[0]).crim == 0.1


def test_numbers_are_read_as_they_are_written(http: httpx.Client, whole: Client) -> None:
    body = '{"instances": [{"CRIM": 0.1e0, "RM": 6, "B": 396.90000000000003}]}'
    row = np.full(13, math.nan)
    row[[0, 5, 11]] = 0.1, 6, 396.90000000000003
    found = predictions(http.post(PREDICT, content=body, headers=JSON))
    assert found[0] == results(whole, row[None])[0].prediction
