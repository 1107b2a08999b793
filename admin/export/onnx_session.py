"""Asks the ONNX graph of a bundle, as other programs do."""

import onnxruntime

from housing_grpc.bundle.arrays import Prices, Rows
from housing_grpc.bundle.preprocess import Preprocessor


class OnnxSession:
    """A bundle's preprocessing, and its graph in ONNX Runtime.

    Args:
        preprocessor: Fills and scales.
        graph: Bytes of `model.onnx`, as this package writes it.
    """

    def __init__(self, preprocessor: Preprocessor, graph: bytes) -> None:
        options = onnxruntime.SessionOptions()
        # More threads would each sum a part of the trees, and so in another order.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._preprocessor = preprocessor
        self._session = onnxruntime.InferenceSession(graph, options)

    def predict(self, rows: Rows) -> Prices:
        """Predict a price a row."""
        scaled = self._preprocessor.transform(rows)
        prices: Prices = self._session.run(None, {"scaled": scaled})[0].reshape(-1)
        return prices
