"""Triton with ONNX Runtime, through PyTriton: the bundle's graph behind a numpy scaler.

Run by the peer's own Python: `python triton_server.py GRPC_PORT HTTP_PORT METRICS_PORT FOLDER`,
where the folder has `NAME.onnx` and `NAME.npz` (mean and scale) for each model.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from pytriton.decorators import batch  # type: ignore[import-not-found]
from pytriton.model_config import ModelConfig, Tensor  # type: ignore[import-not-found]
from pytriton.triton import Triton, TritonConfig  # type: ignore[import-not-found]

_WIDTH = 13
_MOST_ROWS = 64

Infer = Callable[..., dict[str, NDArray[np.float64]]]


def main(grpc_port: str, http_port: str, metrics_port: str, folder: str) -> None:
    """Serves until it is ended."""
    config = TritonConfig(
        grpc_address="127.0.0.1",
        grpc_port=int(grpc_port),
        http_address="127.0.0.1",
        http_port=int(http_port),
        metrics_port=int(metrics_port),
    )
    with Triton(config=config) as triton:
        for graph in Path(folder).glob("*.onnx"):
            triton.bind(
                model_name=graph.stem,
                infer_func=_infer(graph),
                inputs=[Tensor(name="rows", dtype=np.float64, shape=(_WIDTH,))],
                outputs=[Tensor(name="prices", dtype=np.float64, shape=(1,))],
                config=ModelConfig(max_batch_size=_MOST_ROWS),
            )
        triton.serve()


def _infer(graph: Path) -> Infer:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    numbers = np.load(graph.with_suffix(".npz"))
    mean, scale = numbers["mean"], numbers["scale"]

    @batch  # type: ignore[untyped-decorator]
    def infer(rows: NDArray[np.float64]) -> dict[str, Any]:
        prices = session.run(None, {name: (rows - mean) / scale})[0]
        return {"prices": prices.reshape(-1, 1)}

    checked: Infer = infer
    return checked


if __name__ == "__main__":
    main(*sys.argv[1:])
