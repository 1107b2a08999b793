"""Bad input in each dialect: refused in its own words, and before any server is asked."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.rest.conftest import Loop, proxied
from tests.rest.dialects.bodies import CSV, INFER, INVOKE, JSON, LENGTH, PREDICT
from tests.rest.dialects.conftest import ALL
from tests.support import ports

ROW = [0.00632, 18.0, 2.31, 0, 0.538, 6.575, 65.2, 4.09, 1, 296.0, 15.3, 396.9, 4.98]
NAMES = "CRIM, ZN, INDUS, CHAS, NOX, RM, AGE, DIS, RAD, TAX, PTRATIO, B, LSTAT"


@pytest.fixture(scope="module")
def alone(loop: Loop) -> Iterator[httpx.Client]:
    """A proxy without a server: what it refuses with 400 has reached nothing."""
    with ports.held_port() as port, proxied(loop, f"127.0.0.1:{port}", dialects=ALL) as client:
        yield client


def rows(**changed: Any) -> dict[str, Any]:
    """Returns a right tensor of a row, but for what is changed; None takes a key out."""
    made = {"name": "input", "shape": [1, 13], "datatype": "FP64", "data": ROW, **changed}
    return {key: value for key, value in made.items() if value is not None}


def column(name: str, *values: Any, datatype: str = "FP64") -> dict[str, Any]:
    return {"name": name, "shape": [len(values)], "datatype": datatype, "data": list(values)}


INPUTS: dict[str, tuple[list[Any], str, str]] = {
    "none": ([], "INVALID_TENSOR", "inputs is empty; send one tensor 'input' of shape [n, 13]"),
    "unknown": (
        [column("ROOMS", 6.5)],
        "INVALID_TENSOR",
        f"ROOMS is no tensor of this model; send 'input' alone, or tensors of these names: {NAMES}",
    ),
    "both": ([rows(), column("RM", 6)], "INVALID_TENSOR", "input stands beside other tensors; "),
    "twice": ([column("RM", 6), column("RM", 7)], "INVALID_TENSOR", "RM comes twice; send it once"),
    "too many": ([column("RM", 6)] * 50, "INVALID_TENSOR", "RM comes twice"),
    "text": ([rows(datatype="BYTES")], "INVALID_TENSOR",
             "input has the datatype 'BYTES'; send FP64, FP32, INT64, INT32"),
    "no name": ([rows(name=None)], "INVALID_TENSOR", "inputs[0] has no name; send name, shape"),
    "no shape": ([rows(shape=None)], "INVALID_TENSOR", "input has no shape; send name, shape"),
    "no data": ([rows(data=None)], "INVALID_TENSOR", "input has no data; send it"),
    "narrow": ([rows(shape=[1, 12])], "SHAPE_MISMATCH",
               f"input has the shape [1, 12]; send [n, 13], a row of {NAMES}"),
    "deep": ([rows(shape=[1, 1, 1, 1, 13])], "SHAPE_MISMATCH",
             "input has the shape [1, 1, 1, 1]...; send [n, 13]"),
    "negative": ([rows(shape=[-1, 13])], "JSON_WRONG_TYPE",
                 "inputs[0].shape is no list of whole numbers from 0 up"),
    "short": ([rows(shape=[2, 13])], "SHAPE_MISMATCH",
              "input holds 13 values, and its shape takes 26; send as many"),
    "ragged": ([rows(shape=[2, 13], data=[ROW, ROW[:5]])], "SHAPE_MISMATCH",
               "input holds 5 values in row 1; send 13"),
    "uneven": ([column("RM", 6, 7), column("B", 1)], "SHAPE_MISMATCH",
               "B has 1 rows, and RM has 2; send one value of each feature for every row"),
    "no rows": ([rows(shape=[0, 13], data=[])], "EMPTY_BATCH",
                "input is empty; send 1 to 100 houses"),
    "no values": ([column("RM")], "EMPTY_BATCH", "RM is empty; send 1 to 100 houses"),
    "many rows": ([rows(shape=[101, 13], data=ROW * 101)], "BATCH_TOO_LARGE",
                  "input holds 101 houses, 100 are allowed; send them in parts"),
    "very many rows": ([rows(shape=[10**18, 13])], "BATCH_TOO_LARGE",
                       "input holds 1000000000000000000 houses, 100 are allowed"),
    "a text": ([rows(data=[*ROW[:3], "0", *ROW[4:]])], "JSON_WRONG_TYPE",
               "input[0].CHAS is a text; send a number without quotes"),
    "true": ([column("RM", 6, True)], "JSON_WRONG_TYPE", "RM[1] is true; send a number"),
    "a half": ([column("RAD", 1.5, datatype="INT64")], "JSON_WRONG_TYPE",
               "RAD[0] is a number; send a whole number, or the datatype FP64"),
    "wide": ([column("TAX", 2**31, datatype="INT32")], "JSON_OUT_OF_RANGE",
             "TAX[0] does not fit INT32"),
    "shared memory": ([rows(parameters={"shared_memory_region": "a"})], "INVALID_TENSOR",
                      "input the parameter 'shared_memory_region' is not offered"),
    "bytes that are not there": (
        [rows(data=None, parameters={"binary_data_size": 104})],
        "SHAPE_MISMATCH",
        "input binary_data_size must be a number of bytes, of which 0 are left behind the JSON; In",
    ),
    "unknown key": ([rows(dtype="FP64")], "JSON_UNKNOWN_FIELD",
                    "inputs[0].dtype is not a field here; there are: name, shape, datatype, "),
}  # fmt: skip


@pytest.mark.parametrize("case", INPUTS)
def test_tensors_that_cannot_be_taken(alone: httpx.Client, case: str) -> None:
    inputs, reason, text = INPUTS[case]
    check(alone.post(INFER, json={"inputs": inputs}), reason, text)


def check(response: httpx.Response, reason: str, text: str) -> None:
    found = response.json()
    assert (response.status_code, [*found]) == (400, ["error", "reason"]), found
    assert found["reason"] == reason
    assert found["error"].startswith(text), found


BESIDE: dict[str, tuple[dict[str, Any], str, str]] = {
    "unknown output": ({"outputs": [{"name": "price"}]}, "INVALID_TENSOR",
                       "price is no output of this model; ask for some of predict, lower, upper, "),
    "an output twice": ({"outputs": [{"name": "lower"}] * 2}, "INVALID_TENSOR",
                        "lower is asked for twice; ask once"),
    "classes": ({"outputs": [{"name": "lower", "parameters": {"classification": 2}}]},
                "INVALID_TENSOR", "lower the parameter 'classification' is not offered"),
    "on_error": ({"parameters": {"on_error": "skip"}}, "INVALID_PARAMETER",
                 "parameters.on_error must be one of fail, nan"),
    "level in Python's own spelling": (
        {"parameters": {"level": "0_0.9"}}, "INVALID_PARAMETER", "parameters.level is no number"),
    "level": ({"parameters": {"level": "high"}}, "INVALID_PARAMETER",
              "parameters.level is no number; send one from 0.5 to 0.99, such as 0.9"),
    "binary": ({"parameters": {"binary_data_output": 1}}, "JSON_WRONG_TYPE",
               "parameters.binary_data_output is a number; send true or false"),
    "id": ({"id": 7}, "JSON_WRONG_TYPE", "id is a number; send a text"),
    "key": ({"output": []}, "JSON_UNKNOWN_FIELD", "output is not a field here; there are: id, "),
}  # fmt: skip


@pytest.mark.parametrize("case", BESIDE)
def test_what_is_asked_beside_the_tensors(alone: httpx.Client, case: str) -> None:
    more, reason, text = BESIDE[case]
    check(alone.post(INFER, json={"inputs": [rows()], **more}), reason, text)


def raw(size: Any, behind: bytes, **changed: Any) -> tuple[bytes, bytes]:
    parameters = {"binary_data_size": size}
    tensor = rows(**{"data": None, "parameters": parameters, **changed})
    return json.dumps({"inputs": [tensor]}).encode(), behind


BYTES: dict[str, tuple[tuple[bytes, bytes], str, str]] = {
    "too few": (raw(96, bytes(96)), "SHAPE_MISMATCH",
                "input holds 96 bytes, and its shape in FP64 takes 104; send 8 bytes a value"),
    "some left": (raw(104, bytes(107)), "SHAPE_MISMATCH",
                  "body has 3 bytes behind what the tensors' binary_data_size name; name all"),
    "more than there are": (raw(105, bytes(104)), "SHAPE_MISMATCH",
                            "input binary_data_size must be a number of bytes, of which 104"),
    "negative": (raw(-1, bytes(104)), "SHAPE_MISMATCH", "input binary_data_size must be"),
    "true": (raw(True, bytes(1)), "SHAPE_MISMATCH", "input binary_data_size must be"),
    "a text": (raw("104", bytes(104)), "SHAPE_MISMATCH", "input binary_data_size must be"),
    "typed, too": (raw(104, bytes(104), data=ROW), "INVALID_TENSOR",
                   "input has data and binary_data_size; send one of the two"),
    "half as wide": (raw(52, bytes(52)), "SHAPE_MISMATCH", "input holds 52 bytes"),
}  # fmt: skip


@pytest.mark.parametrize("case", BYTES)
def test_bytes_that_cannot_be_taken(alone: httpx.Client, case: str) -> None:
    (text, behind), reason, message = BYTES[case]
    headers = {LENGTH: str(len(text))}
    check(alone.post(INFER, content=text + behind, headers=headers), reason, message)


@pytest.mark.parametrize("length", ["-1", "1e2", "²", "9" * 30, "99999"])
def test_a_length_of_json_that_cannot_be(alone: httpx.Client, length: str) -> None:
    text, behind = raw(104, bytes(104))
    headers = {LENGTH.encode(): length.encode("latin-1")}
    response = alone.post(INFER, content=text + behind, headers=headers)
    check(response, "INVALID_TENSOR", "Inference-Header-Content-Length must be the number of bytes")


INSTANCES: dict[str, tuple[Any, str, str]] = {
    "no list": ({"instances": {"RM": 6}}, "JSON_WRONG_TYPE",
                "instances is an object; send a list of houses"),
    "none": ({"instances": []}, "EMPTY_BATCH", "instances is empty; send 1 to 100 houses"),
    "not there": ({}, "EMPTY_BATCH", "instances is not there; send a list of houses"),
    "many": ({"instances": [ROW] * 101}, "BATCH_TOO_LARGE", "instances holds 101 houses, 100 are"),
    "a number": ({"instances": ROW}, "JSON_WRONG_TYPE",
                 "instances[0] is a number; send a list of numbers, or an object"),
    "short": ({"instances": [ROW, ROW[1:]]}, "SHAPE_MISMATCH",
              f"instances[1] holds 12 values; send 13: {NAMES}; null for a missing one"),
    "text": ({"instances": [["a", *ROW[1:]]]}, "JSON_WRONG_TYPE",
             "instances[0].CRIM is a text; send a number without quotes"),
    "misspelt": ({"instances": [{"RMM": 6}]}, "JSON_UNKNOWN_FIELD",
                 'instances[0].RMM is not a field here; did you mean "RM"?'),
    "columns": ({"inputs": {"RM": [6]}}, "JSON_UNKNOWN_FIELD",
                "inputs is not a field here; there are: instances, parameters, signature_name"),
    "outputs": ({"instances": [ROW], "parameters": {"outputs": ["price"]}}, "INVALID_TENSOR",
                "parameters.outputs.price is no output of this model"),
}  # fmt: skip


@pytest.mark.parametrize("case", INSTANCES)
def test_instances_that_cannot_be_taken(alone: httpx.Client, case: str) -> None:
    body, reason, text = INSTANCES[case]
    check(alone.post(PREDICT, json=body), reason, text)


INVOCATIONS: dict[str, tuple[Any, str, str]] = {
    "none": ({}, "JSON_ONEOF_CONFLICT", "body must have exactly one of dataframe_split, "),
    "two": ({"instances": [ROW], "inputs": [ROW]}, "JSON_ONEOF_CONFLICT", "body must have exactly"),
    "unknown column": (
        {"dataframe_split": {"columns": ["RM", "ROOMS"], "data": [[6, 5]]}},
        "JSON_UNKNOWN_FIELD",
        f"dataframe_split.columns.ROOMS is no feature; send some of {NAMES}",
    ),
    "a column twice": (
        {"dataframe_split": {"columns": ["RM", "RM"], "data": [[6, 5]]}},
        "JSON_DUPLICATE_KEY",
        "dataframe_split.columns.RM is there twice; send it once",
    ),
    "no data": ({"dataframe_split": {"columns": ["RM"]}}, "EMPTY_BATCH",
                "dataframe_split.data is empty; send 1 to 100 houses"),
    "long": ({"dataframe_split": {"columns": ["RM"], "data": [[6, 5]]}}, "SHAPE_MISMATCH",
             "dataframe_split.data[0] holds 2 values; send 1: RM; null for a missing one"),
    "uneven": ({"inputs": {"RM": [6, 7], "B": [1]}}, "SHAPE_MISMATCH",
               "inputs.B holds 1 values, and RM 2; send as many"),
    "params": ({"inputs": [ROW], "params": {"on_error": 1}}, "INVALID_PARAMETER",
               "params.on_error must be one of fail, nan"),
    "no columns": ({"inputs": {}}, "EMPTY_BATCH", "inputs is empty; send 1 to 100 houses"),
    "a column's text": ({"inputs": {"RM": ["6"]}}, "JSON_WRONG_TYPE", "inputs.RM[0] is a text"),
}  # fmt: skip


@pytest.mark.parametrize("case", INVOCATIONS)
def test_invocations_that_cannot_be_taken(alone: httpx.Client, case: str) -> None:
    body, reason, text = INVOCATIONS[case]
    mlflow_refuses(alone.post(INVOKE, json=body), 400, reason, text)


def mlflow_refuses(response: httpx.Response, code: int, reason: str, text: str) -> None:
    found = response.json()
    assert (response.status_code, [*found]) == (code, ["error_code", "message", "reason"])
    assert (found["error_code"], found["reason"]) == ("BAD_REQUEST", reason)
    assert found["message"].startswith(text), found


TABLES: dict[str, tuple[bytes, str, str]] = {
    "empty": (b"", "EMPTY_BATCH", "body is empty; send 1 to 100 houses"),
    "no rows": (b"RM,B\n", "EMPTY_BATCH", "body is empty"),
    "no names": (b"6.5,390\n6,380\n", "JSON_UNKNOWN_FIELD", "6.5 is no feature; send some of CRIM"),
    "text": (b"RM,B\n6,1\nsix,2\n", "JSON_WRONG_TYPE", "rows[1].RM is 'six'; send a number"),
    "infinity": (b"RM\ninf\n", "JSON_WRONG_TYPE", "rows[0].RM is 'inf'; send a number"),
    "too large": (b"RM\n1e999\n", "JSON_NOT_FINITE", "rows[0].RM is too large"),
    "short": (b"RM,B\n6\n", "SHAPE_MISMATCH",
              "rows[0] holds 1 values, and the first line names 2 features"),
    "many": (b"RM\n" + b"6\n" * 101, "BATCH_TOO_LARGE", "body is more than 100 houses, which is"),
    "no more are read": (b"RM\n" + b"6\n" * 101 + b'"', "BATCH_TOO_LARGE", "body is more than"),
    "no text": (b"RM\n\xff\n", "JSON_MALFORMED", "the body is no CSV: byte 3 is not UTF-8"),
    "digits without end": (b"RM\n" + b"9" * 100_000 + b"x\n", "JSON_WRONG_TYPE", "rows[0].RM is"),
    "a quote": (b'RM\n"6\n', "JSON_MALFORMED", "the body is no CSV: unexpected end of data"),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLES)
def test_csv_that_cannot_be_taken(alone: httpx.Client, case: str) -> None:
    body, reason, text = TABLES[case]
    mlflow_refuses(alone.post(INVOKE, content=body, headers=CSV), 400, reason, text)


DOCUMENTS: dict[str, tuple[bytes, str, str]] = {
    "NaN": (b'{"instances": [{"RM": NaN}]}', "JSON_NOT_FINITE", "instances[0].RM is NaN; send a"),
    "NaN in a list": (b'{"instances": [[NaN' + b",1" * 12 + b"]]}", "JSON_NOT_FINITE",
                      "instances[0].CRIM is NaN; send a finite number, or null where it is miss"),
    "a key twice": (b'{"instances": [], "instances": []}', "JSON_DUPLICATE_KEY",
                    "instances is there twice; send it once"),
    "no JSON": (b"{", "JSON_MALFORMED", "the body is not JSON: "),
    "deep": (b"[" * 100_000, "JSON_TOO_DEEP", "the JSON is nested too deeply"),
    "a list": (b"[]", "JSON_WRONG_TYPE", "body is a list; send an object"),
}  # fmt: skip


@pytest.mark.parametrize("case", DOCUMENTS)
def test_json_is_read_as_strictly_as_elsewhere(alone: httpx.Client, case: str) -> None:
    body, reason, text = DOCUMENTS[case]
    check(alone.post(PREDICT, content=body, headers=JSON), reason, text)


@pytest.mark.parametrize("path", [INFER, PREDICT, INVOKE])
def test_bodies_of_other_kinds(alone: httpx.Client, path: str) -> None:
    form = {"content-type": "multipart/form-data"}
    zipped = {**JSON, "content-encoding": "gzip"}
    for headers in (form, zipped):
        response = alone.post(path, content=b"{}", headers=headers)
        assert (response.status_code, response.json()["reason"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
    large = alone.post(path, content=bytes(2**20 + 1), headers=JSON)
    assert (large.status_code, large.json()["reason"]) == (413, "PAYLOAD_TOO_LARGE")
    asked = alone.post(f"{path}?level=0.8", json={"instances": [ROW], "inputs": [rows()]})
    assert (asked.status_code, asked.json()["reason"]) == (400, "UNKNOWN_PARAMETER")


def test_mlflow_insists_on_a_content_type(alone: httpx.Client) -> None:
    response = alone.post(INVOKE, content=b"{}")
    mlflow_refuses(response, 415, "UNSUPPORTED_MEDIA_TYPE", "send Content-Type: application/json")


def test_without_a_server_nothing_is_ready(alone: httpx.Client) -> None:
    paths = ("/v2/health/ready", f"{INFER.removesuffix('infer')}ready", "/ping")
    assert [alone.get(path).status_code for path in paths] == [503, 503, 503]
    assert alone.get("/v2/health/live").json() == {"live": True}
    for path, body in ((INFER, {"inputs": [rows()]}), (PREDICT, {"instances": [ROW]})):
        response = alone.post(path, json=body)
        assert (response.status_code, response.json()["reason"]) == (503, "BACKEND_UNAVAILABLE")
        assert response.headers["retry-after"] == "1"
    told = alone.post(INVOKE, json={"instances": [ROW]}).json()
    assert told["error_code"] == "TEMPORARILY_UNAVAILABLE"
