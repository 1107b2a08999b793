"""A server whose model spins on one house, outside Python: `python -m tests.workers.spinning`."""

import runpy
import sys
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper

from housing_grpc.bundle.model import Bundle
from housing_grpc.workers import worker_process

SPINS_AT = 6.0625
"""Rooms of the house on which the model spins."""

_MODULE = "tests.workers.spinning"
_WORKER_ARGUMENTS = 4
_FLAG = helper.make_tensor("true", TensorProto.BOOL, [], [True])


def _endless_graph() -> bytes:
    """Returns a graph that loops as long as it is let."""
    condition = helper.make_tensor_value_info("on", TensorProto.BOOL, [])
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["on"], ["on_next"]),
            helper.make_node("Identity", ["x_now"], ["x_next"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("count", TensorProto.INT64, []),
            condition,
            helper.make_tensor_value_info("x_now", TensorProto.DOUBLE, [1]),
        ],
        [
            helper.make_tensor_value_info("on_next", TensorProto.BOOL, []),
            helper.make_tensor_value_info("x_next", TensorProto.DOUBLE, [1]),
        ],
    )
    graph = helper.make_graph(
        [
            helper.make_node("Constant", [], ["true"], value=_FLAG),
            helper.make_node("Loop", ["", "true", "x"], ["y"], body=body),
        ],
        "endless",
        [helper.make_tensor_value_info("x", TensorProto.DOUBLE, [1])],
        [helper.make_tensor_value_info("y", TensorProto.DOUBLE, [1])],
    )
    opset = [helper.make_opsetid("", 18)]
    made: bytes = onnx.ModelProto.SerializeToString(
        helper.make_model(graph, opset_imports=opset, ir_version=9)
    )
    return made


def _spin() -> None:
    chosen = ort.SessionOptions()
    chosen.intra_op_num_threads = chosen.inter_op_num_threads = 1
    session = ort.InferenceSession(_endless_graph(), chosen, providers=["CPUExecutionProvider"])
    session.run(None, {"x": np.zeros(1)})


def _with_spin(price: Any) -> Any:
    def priced(self: Bundle, rows: Any, *given: Any) -> Any:
        values = np.frombuffer(rows) if isinstance(rows, bytes) else np.asarray(rows)
        if (values == SPINS_AT).any():
            print('{"event": "spinning"}', file=sys.stderr, flush=True)
            _spin()
        return price(self, rows, *given)

    return priced


if __name__ == "__main__":
    for name in ("predict", "predict_row", "price_row"):
        setattr(Bundle, name, _with_spin(getattr(Bundle, name)))
    worker_process._MODULE = _MODULE  # noqa: SLF001
    is_worker = len(sys.argv) == _WORKER_ARGUMENTS
    served = "housing_grpc.workers.worker" if is_worker else "housing_grpc"
    runpy.run_module(served, run_name="__main__", alter_sys=True)
