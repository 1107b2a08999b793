"""Bytes as ModelInfer and ModelStreamInfer of the Open Inference Protocol get them."""

import math
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from housing_grpc.base.errors import ServingError
from housing_grpc.oip import request
from tests.fuzz.target import Seeds, Target
from tests.support.inference import columns_of, request_of, tensors_of

_MOST_ROWS = 100
# What bytes alone may bring about.
_REASONS = {
    "BATCH_TOO_LARGE", "EMPTY_BATCH", "INVALID_PARAMETER", "INVALID_TENSOR", "MALFORMED_REQUEST",
    "SHAPE_MISMATCH",
}  # fmt: skip


class Tensors(Target):
    """What reads a request; houses that cannot be scored are looked at later.

    Args:
        stack: Not needed.
        folder: Not needed.
    """

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        pass

    def seeds(self) -> Seeds:
        """Returns a request of every form."""
        rows = np.array([[6.5] * 13, [math.nan] * 13, [math.inf] * 13])
        asked = {"on_error": "nan", "level": 0.8, "triton_enable_empty_final_response": True}
        outputs = ("predict", "contributions")
        for raw in (True, False):
            for datatype in ("FP64", "FP32"):
                message = request_of(rows, raw=raw, datatype=datatype, id="1")
                yield message.SerializeToString()
            message = columns_of(rows, raw=raw, outputs=outputs, parameters=asked)
            yield message.SerializeToString()
            whole = {"TAX": "INT64", "RAD": "INT32"}
            message = tensors_of({"TAX": [1, 2], "RAD": [[1], [24]]}, raw=raw, datatypes=whole)
            yield message.SerializeToString()

    def __call__(self, data: bytes) -> None:
        """Reads one request: rows within the limit come of it, or a reason that is known."""
        try:
            found = request.read(request.parse(data), _MOST_ROWS)
        except ServingError as error:
            _check(error)
            return
        assert found.rows.dtype == np.float64
        assert 1 <= len(found.rows) <= _MOST_ROWS
        assert found.rows.shape[1] == 13
        assert found.outputs


def _check(error: ServingError) -> None:
    assert error.reason in _REASONS, error.reason
    assert error.message, error.reason
