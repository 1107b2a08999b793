"""Predicts with numpy and ONNX Runtime, where the evaluator in C was not built."""

from typing import Any

import numpy as np

from .arrays import Prices, Rows
from .errors import BundleFormatError, ModelOutputError
from .format import MODEL_FILE
from .onnx import Graph
from .preprocess import Preprocessor

_ERRORS_ONLY = 3


class OnnxSession:
    """A preprocessing in numpy and a graph in ONNX Runtime.

    Args:
        preprocessor: Fills and scales.
        graph: What `model.onnx` holds, checked: ONNX Runtime opens whatever files a graph names.

    Raises:
        BundleFormatError: ONNX Runtime is not installed, or cannot load it.
    """

    name = "onnxruntime"

    def __init__(self, preprocessor: Preprocessor, graph: Graph) -> None:
        self._preprocessor = preprocessor
        self._session = _open(graph.content)
        self._input = self._session.get_inputs()[0].name

    def predict(self, rows: Rows) -> Prices:
        """Predicts a price a row; as `Bundle.predict`."""
        scaled = self._preprocessor.transform(rows)
        prices: Prices = self._session.run(None, {self._input: scaled})[0].reshape(-1)
        if prices.shape != (len(rows),):
            raise ModelOutputError(f"the model gave {prices.size} prices for {len(rows)} rows")
        if not np.isfinite(prices).all():
            raise ModelOutputError("the model gave a price that is not a finite number")
        return prices


def _open(graph: bytes) -> Any:
    # Where the evaluator serves, 0.1 s and some 20 MB are saved.
    try:
        import onnxruntime
    except ModuleNotFoundError as error:
        raise BundleFormatError(
            f"{MODEL_FILE}: takes ONNX Runtime here, which is not installed: "
            "pip install 'housing-grpc[onnx]', or onnxruntime alone"
        ) from error

    options = onnxruntime.SessionOptions()
    # One thread a call: the server's own threads are the parallelism.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    try:
        return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's errors share no public base but this.
        raise BundleFormatError(f"{MODEL_FILE}: ONNX Runtime cannot load it") from error
