"""Bodies of every dialect, and what stands in their answers."""

import io
import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

import httpx
import numpy as np

from housing_grpc.bundle.schema import FEATURE_NAMES
from tests.support.examples import MODEL_NAME, Rows

INFER = f"/v2/models/{MODEL_NAME}/infer"
PREDICT = f"/v1/models/{MODEL_NAME}:predict"
INVOKE = "/invocations"
LENGTH = "inference-header-content-length"
JSON = {"content-type": "application/json"}
CSV = {"content-type": "text/csv"}
KINDS = {"FP64": "<f8", "FP32": "<f4", "INT64": "<i8", "INT32": "<i4"}


def listed(rows: Rows) -> list[Any]:
    """Returns rows as JSON has them: null where a value is missing."""
    return [[None if math.isnan(value) else value for value in row] for row in rows.tolist()]


def recorded(rows: Rows) -> list[dict[str, float]]:
    """Returns rows as objects, which leave out what is missing."""
    return [
        {name: value for name, value in zip(FEATURE_NAMES, row, strict=True) if value is not None}
        for row in listed(rows)
    ]


def tensor(name: str, values: Any, datatype: str = "FP64", **more: Any) -> dict[str, Any]:
    """Returns an input tensor in JSON."""
    array = np.asarray(values, np.float64)
    read = int if datatype.startswith("INT") else float
    data = [None if math.isnan(value) else read(value) for value in array.ravel().tolist()]
    return {"name": name, "shape": list(array.shape), "datatype": datatype, "data": data, **more}


def columns(rows: Rows) -> list[dict[str, Any]]:
    """Returns a tensor for each feature."""
    return [tensor(name, values) for name, values in zip(FEATURE_NAMES, rows.T, strict=True)]


def binary(
    tensors: Mapping[str, Any], datatype: str = "FP64", **more: Any
) -> tuple[bytes, dict[str, str]]:
    """Returns body and headers of a request whose values are bytes."""
    inputs, behind = [], []
    for name, values in tensors.items():
        array = np.asarray(values).astype(KINDS[datatype])
        behind.append(array.tobytes())
        size = {"binary_data_size": array.nbytes}
        inputs.append({"name": name, "shape": list(array.shape), "datatype": datatype,
                       "parameters": size})  # fmt: skip
    text = json.dumps({"inputs": inputs, **more}).encode()
    return b"".join((text, *behind)), {LENGTH: str(len(text))}


def csv(rows: Rows) -> bytes:
    """Returns rows as CSV."""
    text = io.StringIO()
    text.write(",".join(FEATURE_NAMES) + "\n")
    for row in listed(rows):
        text.write(",".join("" if value is None else repr(value) for value in row) + "\n")
    return text.getvalue().encode()


def outputs(response: httpx.Response) -> dict[str, Rows]:
    """Returns the tensors of an answer by name, whichever way they were sent."""
    assert response.status_code == 200, response.text
    size = int(response.headers.get(LENGTH, len(response.content)))
    tree, behind = json.loads(response.content[:size]), response.content[size:]
    found = {}
    for output in tree["outputs"]:
        assert output["datatype"] == "FP64"
        if "data" in output:
            values = numbers(output["data"])
        else:
            taken = output["parameters"]["binary_data_size"]
            values, behind = np.frombuffer(behind[:taken], "<f8"), behind[taken:]
        found[output["name"]] = values.reshape(output["shape"])
    assert not behind
    return found


def numbers(values: Iterable[float | None]) -> Rows:
    """Returns numbers of JSON, NaN for null."""
    return np.array([math.nan if value is None else value for value in values])


def predictions(response: httpx.Response) -> Any:
    """Returns the prices of an answer of the other dialects."""
    assert response.status_code == 200, response.text
    return numbers(response.json()["predictions"])
