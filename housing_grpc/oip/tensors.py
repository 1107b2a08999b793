"""From input tensors to rows, without a step for each value."""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.bundle.arrays import Rows
from housing_grpc.bundle.schema import FEATURE_NAMES
from housing_grpc.houses import row_limit
from housing_grpc.oip.refusals import refusal

INPUT = "input"
"""The one tensor that holds whole rows."""

_WIDTH = len(FEATURE_NAMES)
# Numbers of a shape, of which a message may hold millions; three are too many.
_LOOKED_AT = 3
_COLUMN = {name: place for place, name in enumerate(FEATURE_NAMES)}
_NAMES = ", ".join(FEATURE_NAMES)


class _Datatype(msgspec.Struct, frozen=True):
    """How values of a datatype are sent.

    Attributes:
        raw: As bytes.
        contents: The field of InferTensorContents.
    """

    raw: np.dtype[Any]
    contents: str


_DATATYPES = {
    "FP64": _Datatype(np.dtype("<f8"), "fp64_contents"),
    "FP32": _Datatype(np.dtype("<f4"), "fp32_contents"),
    "INT64": _Datatype(np.dtype("<i8"), "int64_contents"),
    "INT32": _Datatype(np.dtype("<i4"), "int_contents"),
}


def read(inputs: Sequence[Any], raw: Sequence[bytes], most: int) -> Rows:
    """Returns the rows that tensors hold, shape (n, features), NaN where a value is missing.

    Args:
        inputs: One tensor `input` of whole rows, or tensors by the names of features.
        raw: Their values as bytes, or nothing.
        most: Most rows.

    Raises:
        ServingError: INVALID_TENSOR, SHAPE_MISMATCH, EMPTY_BATCH or BATCH_TOO_LARGE.
    """
    if not inputs:
        raise refusal(
            Reason.INVALID_TENSOR,
            "inputs",
            f"is empty; send one tensor '{INPUT}' of shape [n, {_WIDTH}], or one a feature",
        )
    if raw:
        _check_raw(inputs, raw)
    if len(inputs) == 1 and inputs[0].name == INPUT:
        tensor = inputs[0]
        count = _rows_of(tensor)
        row_limit.check(count, most, INPUT)
        values = _values(tensor, raw[0] if raw else None, count * _WIDTH)
        return values.reshape(count, _WIDTH)
    return _columns(inputs, raw, most)


def _columns(inputs: Sequence[Any], raw: Sequence[bytes], most: int) -> Rows:
    _check_names([tensor.name for tensor in inputs])
    first = inputs[0]
    count = _values_of(first)
    row_limit.check(count, most, first.name)
    rows = np.full((count, _WIDTH), np.nan)
    for place, tensor in enumerate(inputs):
        if _values_of(tensor) != count:
            raise refusal(
                Reason.SHAPE_MISMATCH,
                tensor.name,
                f"has {_values_of(tensor)} rows, and {first.name} has {count}; send one value of "
                "each feature for every row",
            )
        rows[:, _COLUMN[tensor.name]] = _values(tensor, raw[place] if raw else None, count)
    return rows


def _check_names(names: Sequence[str]) -> None:
    seen = set()
    for name in names:
        if name not in _COLUMN:
            fix = f"send '{INPUT}' alone, or tensors of these names: {_NAMES}"
            # Whole rows, and something beside them.
            fault = "stands beside other tensors" if name == INPUT else "is no tensor of this model"
            raise refusal(Reason.INVALID_TENSOR, name or "inputs", f"{fault}; {fix}")
        if name in seen:
            raise refusal(Reason.INVALID_TENSOR, name, "comes twice; send it once, with all rows")
        seen.add(name)


def _check_raw(inputs: Sequence[Any], raw: Sequence[bytes]) -> None:
    for tensor in inputs:
        # MLServer's client sends contents without a value beside raw ones.
        if tensor.HasField("contents") and tensor.contents.ByteSize():
            raise refusal(
                Reason.INVALID_TENSOR,
                tensor.name,
                "has contents, and the request has raw_input_contents; send one of the two",
            )
    if len(raw) == len(inputs):
        return
    field = inputs[len(raw)].name if len(raw) < len(inputs) else "raw_input_contents"
    raise refusal(
        Reason.INVALID_TENSOR,
        field,
        f"there are {len(raw)} raw_input_contents for {len(inputs)} inputs; send one for each, in "
        "the order of the inputs",
    )


def _rows_of(tensor: Any) -> int:
    """Returns how many rows a tensor of whole rows has."""
    shape = list(tensor.shape[:_LOOKED_AT])
    if shape == [_WIDTH]:
        return 1
    # guard: the shape of a tensor of rows
    if len(shape) != 2 or shape[1] != _WIDTH or shape[0] < 0:
        raise _wrong_shape(tensor, f"[n, {_WIDTH}], a row of {_NAMES} for each of n houses")
    count: int = shape[0]
    return count


def _values_of(tensor: Any) -> int:
    """Returns how many rows a tensor of one feature has."""
    shape = list(tensor.shape[:_LOOKED_AT])
    # guard: the shape of a tensor of a feature
    if not 1 <= len(shape) <= 2 or shape[0] < 0 or shape[1:] not in ([], [1]):
        raise _wrong_shape(tensor, "[n] or [n, 1], a value for each of n houses")
    count: int = shape[0]
    return count


def _wrong_shape(tensor: Any, wanted: str) -> ServingError:
    shown = list(tensor.shape[:4])
    return refusal(
        Reason.SHAPE_MISMATCH,
        tensor.name,
        f"has the shape {shown}{'…' if len(tensor.shape) > len(shown) else ''}; send {wanted}",
    )


def _values(tensor: Any, raw: bytes | None, count: int) -> NDArray[np.float64]:
    datatype = _DATATYPES.get(tensor.datatype)
    if datatype is None:
        raise refusal(
            Reason.INVALID_TENSOR,
            tensor.name,
            f"has the datatype {tensor.datatype!r}; send {', '.join(_DATATYPES)}; a missing value "
            "is NaN",
        )
    if "shared_memory_region" in tensor.parameters:
        raise refusal(
            Reason.INVALID_TENSOR,
            tensor.name,
            "lies in shared memory, which this server does not read; send its values",
        )
    if raw is None:
        return _typed(tensor, datatype, count)
    wanted = count * datatype.raw.itemsize
    # guard: the bytes of a tensor
    if len(raw) != wanted:
        raise refusal(
            Reason.SHAPE_MISMATCH,
            tensor.name,
            f"holds {len(raw)} bytes, and its shape in {tensor.datatype} takes {wanted}; send "
            f"{datatype.raw.itemsize} bytes a value, little-endian",
        )
    values = np.frombuffer(raw, datatype.raw)
    if values.dtype == np.float64:
        return values
    # numpy warns of a NaN that is marked as signalling.
    with np.errstate(invalid="ignore"):
        return values.astype(np.float64)


def _typed(tensor: Any, datatype: _Datatype, count: int) -> NDArray[np.float64]:
    # guard: one kind of contents in a tensor
    if len(filled := tensor.contents.ListFields()) > 1:
        raise refusal(
            Reason.INVALID_TENSOR,
            tensor.name,
            f"has {' and '.join(field.name for field, _ in filled)}; send {tensor.datatype} values "
            f"as contents.{datatype.contents} alone",
        )
    values = getattr(tensor.contents, datatype.contents)
    # guard: the values of a tensor
    if len(values) != count:
        raise refusal(
            Reason.SHAPE_MISMATCH,
            tensor.name,
            f"contents.{datatype.contents} holds {len(values)} values, and the shape takes {count}"
            f"; send {tensor.datatype} values there, or as raw_input_contents",
        )
    return np.fromiter(values, np.float64, count)


def path(inputs: Sequence[Any]) -> str:
    """Returns what the place of a row follows where it is named: "input", as in "input[3].RM"."""
    return INPUT if inputs[0].name == INPUT else "rows"


def is_single(inputs: Sequence[Any]) -> bool:
    """Returns whether some values are of single precision."""
    return any(tensor.datatype == "FP32" for tensor in inputs)
