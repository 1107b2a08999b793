"""Tensors of the Open Inference Protocol: numbers in JSON, or as bytes behind it."""

import math
import sys
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from housing.v1.prediction_pb2 import House

from housing_grpc.rest.dialects import rows
from housing_grpc.rest.dialects.rows import ALL_NAMES, NAMES, Rows
from housing_grpc.rest.http.errors import Reason
from housing_grpc.rest.json import scalars
from housing_grpc.rest.json.faults import MOST, FaultError, shortened

INPUT = "input"
"""The one tensor that holds whole rows."""
DATATYPE = "FP64"
SINGLE = "FP32"

_WIDTH = len(NAMES)
# By datatype: how values are sent as bytes, in the letters of the module array.
_CODES = {DATATYPE: "d", SINGLE: "f", "INT64": "q", "INT32": "i"}
_SWAPS = sys.byteorder == "big"
_LARGEST = sys.float_info.max


@dataclass(frozen=True, kw_only=True)
class Tensor:
    """An input tensor as it came.

    Attributes:
        name: Its name.
        shape: Its shape.
        datatype: Such as "FP64".
        data: Its values in JSON, flat or nested, or None.
        raw: Its values as bytes, or None.
    """

    name: str
    shape: Sequence[int]
    datatype: str
    data: list[Any] | None
    raw: memoryview | None


def houses(inputs: Sequence[Tensor], reader: Rows) -> list[House]:
    """Returns the houses that tensors hold.

    Args:
        inputs: One tensor `input` of whole rows, or tensors by the names of features.
        reader: Makes houses of columns.

    Raises:
        FaultError: They hold none, or too many.
    """
    if len(inputs) == 1 and inputs[0].name == INPUT:
        tensor = inputs[0]
        count = _rows_of(tensor)
        values = _read(tensor, count * _WIDTH, count, reader)
        return [rows.house(values[start : start + _WIDTH]) for start in
                range(0, len(values), _WIDTH)]  # fmt: skip
    _check_names([tensor.name for tensor in inputs])
    first = inputs[0]
    count = _values_of(first)
    named: dict[str, Sequence[float]] = {}
    for tensor in inputs:
        found = _values_of(tensor)
        if found != count:
            raise refusal(
                Reason.SHAPE_MISMATCH,
                tensor.name,
                f"has {found} rows, and {first.name} has {count}; send one value of each feature "
                "for every row",
            )
        named[tensor.name] = _read(tensor, count, count, reader)
    return reader.columns(named)


def path(inputs: Sequence[Tensor]) -> str:
    """Returns what the place of a row follows where it is named: "input", as in "input[3].RM"."""
    return INPUT if inputs[0].name == INPUT else "rows"


def to_bytes(values: Sequence[float]) -> bytes:
    """Returns FP64 values as bytes, little-endian."""
    packed = array(_CODES[DATATYPE], values)
    if _SWAPS:
        packed.byteswap()
    return packed.tobytes()


def refusal(reason: Reason, name: str, text: str) -> FaultError:
    """Returns the error of a tensor."""
    return FaultError.at(reason, text, shortened(name) or "inputs")


def _check_names(names: Sequence[str]) -> None:
    for place, name in enumerate(names):
        if name not in NAMES:
            fix = f"send '{INPUT}' alone, or tensors of these names: {ALL_NAMES}"
            fault = "stands beside other tensors" if name == INPUT else "is no tensor of this model"
            raise refusal(Reason.INVALID_TENSOR, name, f"{fault}; {fix}")
        if name in names[:place]:
            raise refusal(Reason.INVALID_TENSOR, name, "comes twice; send it once, with all rows")


def _rows_of(tensor: Tensor) -> int:
    """Returns how many rows a tensor of whole rows has."""
    shape = list(tensor.shape)
    if shape == [_WIDTH]:
        return 1
    if len(shape) != 2 or shape[1] != _WIDTH:
        raise _wrong_shape(tensor, f"[n, {_WIDTH}], a row of {ALL_NAMES} for each of n houses")
    return shape[0]


def _values_of(tensor: Tensor) -> int:
    """Returns how many rows a tensor of one feature has."""
    shape = list(tensor.shape)
    if not 1 <= len(shape) <= 2 or shape[1:] not in ([], [1]):
        raise _wrong_shape(tensor, "[n] or [n, 1], a value for each of n houses")
    return shape[0]


def _wrong_shape(tensor: Tensor, wanted: str) -> FaultError:
    shown = str(list(tensor.shape[:4])) + ("..." if len(tensor.shape) > 4 else "")
    text = f"has the shape {shown}; send {wanted}"
    return refusal(Reason.SHAPE_MISMATCH, tensor.name, text)


def _read(tensor: Tensor, count: int, houses_in: int, reader: Rows) -> list[float]:
    """Returns the values of a tensor, NaN where one is missing."""
    try:
        reader.check_count(houses_in)
    except FaultError as error:
        raise FaultError(error.under(tensor.name)) from None
    if tensor.datatype not in _CODES:
        raise refusal(
            Reason.INVALID_TENSOR,
            tensor.name,
            f"has the datatype '{shortened(tensor.datatype)}'; send {', '.join(_CODES)}",
        )
    if (tensor.data is None) == (tensor.raw is None):
        fault = "has data and binary_data_size; send" if tensor.raw is not None else "has no"
        text = f"{fault} one of the two" if tensor.raw is not None else f"{fault} data; send it"
        raise refusal(Reason.INVALID_TENSOR, tensor.name, text)
    if tensor.raw is not None:
        return _from_bytes(tensor, tensor.raw, count)
    return _from_json(tensor, _flat(tensor, count))


def _from_bytes(tensor: Tensor, raw: memoryview, count: int) -> list[float]:
    values: array[Any] = array(_CODES[tensor.datatype])
    # guard: the bytes of a tensor over HTTP
    if len(raw) != count * values.itemsize:
        raise refusal(
            Reason.SHAPE_MISMATCH,
            tensor.name,
            f"holds {len(raw)} bytes, and its shape in {tensor.datatype} takes "
            f"{count * values.itemsize}; send {values.itemsize} bytes a value, little-endian",
        )
    values.frombytes(raw)
    if _SWAPS:
        values.byteswap()
    found = values.tolist()
    return found if values.typecode in "df" else [float(each) for each in found]


def _flat(tensor: Tensor, count: int) -> list[Any]:
    """Returns the values in JSON, which may be nested as the shape is."""
    found: list[Any] = tensor.data or []
    if len(tensor.shape) == 2 and found and all(isinstance(row, list) for row in found):
        width = tensor.shape[1]
        ragged = [place for place, row in enumerate(found) if len(row) != width]
        if ragged:
            text = f"holds {len(found[ragged[0]])} values in row {ragged[0]}; send {width}"
            raise refusal(Reason.SHAPE_MISMATCH, tensor.name, text)
        found = [value for row in found for value in row]
    if len(found) != count:
        text = f"holds {len(found)} values, and its shape takes {count}; send as many"
        raise refusal(Reason.SHAPE_MISMATCH, tensor.name, text)
    return found


def _from_json(tensor: Tensor, values: list[Any]) -> list[float]:
    is_float = tensor.datatype in (DATATYPE, SINGLE)
    faults = []
    found = []
    for place, value in enumerate(values):
        # What nearly all values are is taken without a call.
        if is_float and type(value) is float and -_LARGEST <= value <= _LARGEST:
            found.append(value)
            continue
        try:
            found.append(_value(value, tensor.datatype))
        except FaultError as error:
            faults += error.under(_step(tensor, place))
            if len(faults) >= MOST:
                break
    if faults:
        raise FaultError(faults)
    # Rounded as the bytes of this type would be.
    return array("f", found).tolist() if tensor.datatype == SINGLE else found


def _value(value: Any, datatype: str) -> float:
    found = rows.number(value)
    bits = {"INT32": 31, "INT64": 63}.get(datatype)
    if datatype == SINGLE and math.isfinite(found) and math.isinf(array("f", (found,))[0]):
        raise FaultError.at(Reason.JSON_OUT_OF_RANGE, f"does not fit {SINGLE}; send {DATATYPE}")
    if bits is None or math.isnan(found):
        return found
    if found != int(found):
        raise scalars.wrong(value, f"a whole number, or the datatype {DATATYPE}")
    if not -(2**bits) <= int(value) < 2**bits:
        raise FaultError.at(Reason.JSON_OUT_OF_RANGE, f"does not fit {datatype}; send {DATATYPE}")
    return found


def _step(tensor: Tensor, place: int) -> str:
    if tensor.name == INPUT:
        return f"{INPUT}[{place // _WIDTH}].{NAMES[place % _WIDTH]}"
    return f"{tensor.name}[{place}]"


def described(name: str, shape: Sequence[int]) -> Mapping[str, Any]:
    """Returns what metadata tell of a tensor; -1 stands for the number of houses."""
    return {"name": name, "datatype": DATATYPE, "shape": [-1, *shape]}
