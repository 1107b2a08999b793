"""What is read of a request, and what of it is refused; each refusal names tensor and fix."""

import math
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from housing_grpc.base.errors import ServingError
from housing_grpc.bundle.schema import FEATURE_NAMES
from housing_grpc.oip import request as reader
from housing_grpc.oip.messages import ModelInferRequest
from tests.support.errors import raised
from tests.support.inference import columns_of, request_of, tensors_of

MOST = 50
ROWS = np.arange(39.0).reshape(3, 13)
BLANKS = np.where(np.arange(39).reshape(3, 13) % 5, ROWS, math.nan)


def read(message: Any) -> Any:
    return reader.read(reader.parse(message.SerializeToString()), MOST)


@pytest.mark.parametrize("make", [request_of, columns_of])
@pytest.mark.parametrize("raw", [True, False])
@pytest.mark.parametrize("rows", [ROWS, BLANKS, ROWS[:1]], ids=["whole", "blanks", "one"])
def test_both_forms_both_ways(make: Callable[..., Any], *, raw: bool, rows: Any) -> None:
    found = read(make(rows, raw=raw))
    assert found.rows.dtype == np.float64
    np.testing.assert_array_equal(found.rows, rows)
    assert (found.raw, found.single, found.outputs) == (raw, False, ("predict",))


@pytest.mark.parametrize("raw", [True, False])
@pytest.mark.parametrize("datatype", ["FP32", "INT64", "INT32"])
def test_other_datatypes(datatype: str, *, raw: bool) -> None:
    found = read(request_of(ROWS, raw=raw, datatype=datatype))
    np.testing.assert_array_equal(found.rows, ROWS)
    assert found.single == (datatype == "FP32")


def test_one_row_needs_no_dimension_for_rows() -> None:
    np.testing.assert_array_equal(read(request_of(ROWS[1])).rows, ROWS[1:2])


def test_columns_may_be_flat_or_not_and_one_that_is_absent_is_missing() -> None:
    found = read(
        tensors_of(
            {"TAX": [1, 2], "RM": [[6.5], [math.nan]]}, datatypes={"TAX": "INT64", "RM": "FP64"}
        )
    )
    assert found.rows[:, FEATURE_NAMES.index("TAX")].tolist() == [1, 2]
    assert np.isnan(found.rows).sum() == 26 - 3
    assert found.path == "rows"


def test_a_nan_of_any_kind_is_missing() -> None:
    message = request_of(ROWS[:1], datatype="FP32")
    signalling = np.array([0x7F800001] * 13, "<u4").tobytes()
    message.raw_input_contents[0] = signalling
    assert np.isnan(read(message).rows).all()


def test_contents_without_a_value_may_stand_beside_raw_ones() -> None:
    message = request_of(ROWS)
    message.inputs[0].contents.SetInParent()
    np.testing.assert_array_equal(read(message).rows, ROWS)


def test_parameters() -> None:
    asked = {"on_error": "nan", "level": 0.8, "content_type": "np", "priority": 3}
    found = read(request_of(ROWS, outputs=["upper", "predict"], parameters=asked))
    assert found.fills_errors
    assert (found.options.level, found.options.intervals) == (0.8, True)
    assert found.outputs == ("upper", "predict")
    assert read(request_of(ROWS, parameters={"level": "0.7"})).options.level == 0.7


def changed(change: Callable[[Any], object], **more: Any) -> Any:
    message = request_of(ROWS, **more)
    change(message)
    return message


def both(message: Any) -> None:
    message.inputs[0].contents.fp64_contents.extend(ROWS.ravel().tolist())


def two_kinds(message: Any) -> None:
    message.ClearField("raw_input_contents")
    both(message)
    message.inputs[0].contents.int64_contents.append(7)


def repeated(message: Any) -> None:
    message.CopyFrom(tensors_of({"RM": [6.5]}))
    message.MergeFrom(tensors_of({"RM": [7.0]}))


def in_shared_memory(message: Any) -> None:
    message.inputs[0].parameters["shared_memory_region"].string_param = "region"


def classified(message: Any) -> None:
    message.outputs.add(name="predict").parameters["classification"].int64_param = 1


REFUSED = {
    "bytes too few": (
        changed(lambda m: m.raw_input_contents.__setitem__(0, b"1234567")),
        "SHAPE_MISMATCH", "input: holds 7 bytes, and its shape in FP64 takes 312; send 8 bytes a",
    ),
    "bytes of another datatype": (
        changed(lambda m: setattr(m.inputs[0], "datatype", "FP32")),
        "SHAPE_MISMATCH", "input: holds 312 bytes, and its shape in FP32 takes 156",
    ),
    "no values": (
        changed(lambda m: m.ClearField("raw_input_contents")),
        "SHAPE_MISMATCH", "input: contents.fp64_contents holds 0 values, and the shape takes 39",
    ),
    "values in another field": (
        changed(lambda m: setattr(m.inputs[0], "datatype", "INT64"), raw=False),
        "SHAPE_MISMATCH", "input: contents.int64_contents holds 0 values",
    ),
    "typed and raw": (
        changed(both),
        "INVALID_TENSOR", "input: has contents, and the request has raw_input_contents",
    ),
    "raw twice": (
        changed(lambda m: m.raw_input_contents.append(b"")),
        "INVALID_TENSOR", "raw_input_contents: there are 2 raw_input_contents for 1 inputs",
    ),
    "raw once too few": (
        changed(lambda m: m.inputs.add(name="RM", datatype="FP64", shape=[3])),
        "INVALID_TENSOR", "RM: there are 1 raw_input_contents for 2 inputs",
    ),
    "datatype": (
        changed(lambda m: setattr(m.inputs[0], "datatype", "BYTES")),
        "INVALID_TENSOR", "input: has the datatype 'BYTES'; send FP64, FP32, INT64, INT32",
    ),
    "shape": (
        changed(lambda m: m.inputs[0].shape.__setitem__(1, 12)),
        "SHAPE_MISMATCH", "input: has the shape [3, 12]; send [n, 13], a row of CRIM, ZN",
    ),
    "negative shape": (
        changed(lambda m: m.inputs[0].shape.__setitem__(0, -1)),
        "SHAPE_MISMATCH", "input: has the shape [-1, 13]; send [n, 13]",
    ),
    "many dimensions": (
        changed(lambda m: m.inputs[0].shape.extend([1] * 9)),
        "SHAPE_MISMATCH", "input: has the shape [3, 13, 1, 1]…; send [n, 13]",
    ),
    "shape of a column": (
        tensors_of({"RM": [[6.5, 7.0]]}),
        "SHAPE_MISMATCH", "RM: has the shape [1, 2]; send [n] or [n, 1]",
    ),
    "columns of two lengths": (
        tensors_of({"RM": [6.5, 7.0], "TAX": [1.0]}),
        "SHAPE_MISMATCH", "TAX: has 1 rows, and RM has 2; send one value of each feature",
    ),
    "unknown tensor": (
        tensors_of({"rooms": [6.5]}),
        "INVALID_TENSOR", "rooms: is no tensor of this model; send 'input' alone, or tensors of",
    ),
    "no name": (
        tensors_of({"": [6.5]}), "INVALID_TENSOR", "inputs: is no tensor of this model",
    ),
    "rows and columns": (
        tensors_of({"RM": [6.5, 7, 8], "input": ROWS}),
        "INVALID_TENSOR", "input: stands beside other tensors; send 'input' alone",
    ),
    "twice": (
        changed(repeated),
        "INVALID_TENSOR", "RM: comes twice; send it once",
    ),
    "no tensor": (ModelInferRequest(), "INVALID_TENSOR", "inputs: is empty; send one tensor"),
    "no rows": (request_of(ROWS[:0]), "EMPTY_BATCH", "input: is empty; send 1 to 50 houses"),
    "no values of a column": (
        tensors_of({"RM": []}), "EMPTY_BATCH", "RM: is empty; send 1 to 50 houses",
    ),
    "too many rows": (
        request_of(np.zeros((51, 13))), "BATCH_TOO_LARGE", "input: holds more than 50 houses",
    ),
    "a shape of too many": (
        changed(lambda m: m.inputs[0].shape.__setitem__(0, 2**62)),
        "BATCH_TOO_LARGE", "input: holds more than 50 houses",
    ),
    "shared memory": (
        changed(in_shared_memory), "INVALID_TENSOR", "input: lies in shared memory",
    ),
    "unknown output": (
        request_of(ROWS, outputs=["price"]),
        "INVALID_TENSOR", "price: is no output of this model; ask for some of predict, lower",
    ),
    "output twice": (
        request_of(ROWS, outputs=["predict", "predict"]),
        "INVALID_TENSOR", "predict: is asked for twice",
    ),
    "classes": (
        changed(classified), "INVALID_TENSOR", "predict: the parameter 'classification' is not",
    ),
    "on_error": (
        request_of(ROWS, parameters={"on_error": "skip"}),
        "INVALID_PARAMETER", "parameters.on_error: is 'skip', but must be one of fail, nan",
    ),
    "on_error of another kind": (
        request_of(ROWS, parameters={"on_error": True}), "INVALID_PARAMETER", "parameters.on_error",
    ),
    "two kinds of contents": (
        changed(two_kinds),
        "INVALID_TENSOR", "input: has int64_contents and fp64_contents; send FP64 values",
    ),
    "level in Python's own spelling": (
        request_of(ROWS, parameters={"level": "0_0.9"}),
        "INVALID_PARAMETER", "parameters.level: is '0_0.9'; send a number such as 0.9",
    ),
    "level": (
        request_of(ROWS, parameters={"level": "high"}),
        "INVALID_PARAMETER", "parameters.level: is 'high'; send a number such as 0.9",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str) -> None:
    message, reason, text = REFUSED[name]
    error = raised(ServingError, read, message)
    assert (error.reason, error.code.name) == (reason, "INVALID_ARGUMENT")
    assert error.message.startswith(text)
    (violation,) = error.violations
    assert error.message.startswith(violation.field)


def test_bytes_that_are_no_request() -> None:
    error = raised(ServingError, reader.parse, b"\xff")
    assert error.reason == "MALFORMED_REQUEST"


def test_a_request_of_very_many_fields_is_refused_before_it_is_parsed() -> None:
    empty = ModelInferRequest()
    for _ in range(50_000):
        empty.inputs.add()
    unpacked = b"\x39" + bytes(8)  # A value of fp64_contents, alone.
    values = unpacked * 3000
    nested = ModelInferRequest(inputs=[{"name": "input"}]).SerializeToString()
    entries = b"".join(_field(2, _field(1, b"%04d" % place)) for place in range(3000))
    for data in (
        empty.SerializeToString(),
        nested + _field(5, _field(5, values)),
        nested + _field(6, _field(1, b"predict") + entries),
        b"\x78\x01" * 100_000,
    ):
        error = raised(ServingError, reader.parse, data)
        assert error.reason == "MALFORMED_REQUEST"
        assert "more than 2048 fields" in error.message


@pytest.mark.parametrize("name", ["input", "RM"])
def test_a_shape_of_very_many_numbers_is_not_copied(name: str) -> None:
    message = ModelInferRequest(inputs=[{"name": name, "shape": [1] * 1_000_000}])
    tracemalloc.start()
    error = raised(ServingError, reader.read, message, MOST)
    (_, most) = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (error.reason, most < 100_000) == ("SHAPE_MISMATCH", True)


def test_large_tensors_are_few_fields() -> None:
    rows = np.random.default_rng(7).random((5000, 13))
    for raw in (True, False):
        data = request_of(rows, raw=raw).SerializeToString()
        assert len(reader.read(reader.parse(data), 5000).rows) == 5000


def _field(number: int, content: bytes) -> bytes:
    size, length = b"", len(content)
    while length > 0x7F:
        size, length = size + bytes([length & 0x7F | 0x80]), length >> 7
    return bytes([number << 3 | 2]) + size + bytes([length]) + content
