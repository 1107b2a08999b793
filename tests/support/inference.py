"""Requests of the Open Inference Protocol, and calls with them."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import grpc
import numpy as np
from google.protobuf.message_factory import GetMessageClass

from housing_grpc.bundle.schema import FEATURE_NAMES
from housing_grpc.oip.messages import SERVICE, ModelInferRequest
from tests.support.client import SECONDS
from tests.support.examples import MODEL_NAME, Rows

PATH = f"/{SERVICE.full_name}"
CONTENTS = {
    "FP64": "fp64_contents", "FP32": "fp32_contents",
    "INT64": "int64_contents", "INT32": "int_contents",
}  # fmt: skip
KINDS = {"FP64": "<f8", "FP32": "<f4", "INT64": "<i8", "INT32": "<i4"}


class Inference:
    """The calls of the protocol, over a channel."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._calls: dict[str, tuple[Any, Any]] = {}
        for method in SERVICE.methods:
            answer = GetMessageClass(method.output_type)
            kind = "stream_stream" if method.client_streaming else "unary_unary"
            call = getattr(channel, kind)(f"{PATH}/{method.name}", _bytes, answer.FromString)
            self._calls[method.name] = call, GetMessageClass(method.input_type)

    def ask(self, method: str, request: Any = None, **more: Any) -> Any:
        """Makes a call, of a message or of its fields."""
        call, kind = self._calls[method]
        metadata = more.pop("metadata", None)
        message = kind(**more) if request is None else request
        return call(message, timeout=SECONDS, metadata=metadata)


def _bytes(message: Any) -> bytes:
    return message if isinstance(message, bytes) else message.SerializeToString()


def houses(count: int, seed: int = 7) -> Rows:
    """Rows in and beyond the training range, one in five with blanks, one in ten bad."""
    chance = np.random.default_rng(seed)
    low = [0, 0, 0, 0, 0.3, 3, 0, 1, 1, 180, 12, 0, 1]
    high = [95, 105, 30, 1, 0.9, 9, 100, 13, 24, 720, 23, 400, 40]
    rows = chance.uniform(low, high, (count, 13))
    rows[:, [3, 8]] = rows[:, [3, 8]].round()
    blanks = chance.random((count, 13)) < 0.2
    blanks[chance.random(count) < 0.8] = False
    rows[blanks] = math.nan
    bad = chance.random(count)
    rows[bad < 0.03, 3] = 0.5
    rows[(bad >= 0.03) & (bad < 0.06), 5] = math.inf
    rows[(bad >= 0.06) & (bad < 0.1)] = math.nan
    return rows


def request_of(
    rows: Rows,
    *,
    raw: bool = True,
    datatype: str = "FP64",
    outputs: Sequence[str] = (),
    parameters: Mapping[str, object] | None = None,
    **more: Any,
) -> Any:
    """Returns a request for the prices of rows, all in one tensor."""
    return tensors_of({"input": rows}, raw=raw, datatypes={"input": datatype}, outputs=outputs,
                      parameters=parameters, **more)  # fmt: skip


def columns_of(rows: Rows, **more: Any) -> Any:
    """Returns a request with a tensor for each feature."""
    return tensors_of(dict(zip(FEATURE_NAMES, rows.T, strict=True)), **more)


def tensors_of(
    tensors: Mapping[str, Any],
    *,
    raw: bool = True,
    datatypes: Mapping[str, str] | None = None,
    outputs: Sequence[str] = (),
    parameters: Mapping[str, object] | None = None,
    **more: Any,
) -> Any:
    """Returns a request of tensors by name."""
    request = ModelInferRequest(**{"model_name": MODEL_NAME, **more})
    for name, values in tensors.items():
        datatype = (datatypes or {}).get(name, "FP64")
        array = np.asarray(values).astype(KINDS[datatype])
        tensor = request.inputs.add(name=name, datatype=datatype, shape=array.shape)
        if raw:
            request.raw_input_contents.append(array.tobytes())
        else:
            getattr(tensor.contents, CONTENTS[datatype]).extend(array.ravel().tolist())
    for name in outputs:
        request.outputs.add(name=name)
    fields: dict[type, str] = {
        bool: "bool_param", int: "int64_param", str: "string_param", float: "double_param",
    }  # fmt: skip
    for name, value in (parameters or {}).items():
        setattr(request.parameters[name], fields[type(value)], value)
    return request


def numbers(response: Any, name: str) -> Rows:
    """Returns an output tensor of an answer, whichever way it was sent."""
    names = [output.name for output in response.outputs]
    place = names.index(name)
    output = response.outputs[place]
    assert output.datatype == "FP64"
    if response.raw_output_contents:
        assert not output.HasField("contents")
        found = np.frombuffer(response.raw_output_contents[place], "<f8")
    else:
        found = np.array(output.contents.fp64_contents)
    return found.reshape(list(output.shape))
