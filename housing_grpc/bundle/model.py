"""A loaded bundle: rows in, prices out."""

from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from . import format as bundle_format
from . import preprocess
from .errors import BundleFormatError, ModelOutputError, SelfTestError
from .format import MODEL_FILE, PREPROCESSOR_FILE, BundleFiles
from .metadata import Metadata
from .ranges import Ranges
from .schema import FEATURE_NAMES
from .signature import Verifier

Rows = NDArray[np.float64]

_ERRORS_ONLY = 3


class Bundle:
    """A verified bundle in memory, ready to predict from any thread.

    Args:
        files: The bundle's verified files.

    Raises:
        BundleFormatError: A file cannot be parsed, or the graph is not one of
            rows to prices.
    """

    def __init__(self, files: BundleFiles) -> None:
        self.metadata: Metadata = files.metadata
        self.digest: str = files.digest
        self.ranges = Ranges.of(files.metadata)
        self._preprocessor = preprocess.load(files.blobs[PREPROCESSOR_FILE])
        self._session = _open(files.blobs[MODEL_FILE])
        self._input = self._session.get_inputs()[0].name

    def predict(self, rows: Rows) -> Rows:
        """Predicts a price a row, in the target's unit.

        Args:
            rows: Shape (n, features), NaN where a value is missing.

        Returns:
            Shape (n,).

        Raises:
            ModelOutputError: The model gave NaN, infinity or a wrong shape.
        """
        scaled = self._preprocessor.transform(rows)
        prices: Rows = self._session.run(None, {self._input: scaled})[0].reshape(-1)
        if prices.shape != (len(rows),):
            raise ModelOutputError(f"the model gave {prices.size} prices for {len(rows)} rows")
        if not np.isfinite(prices).all():
            raise ModelOutputError("the model gave a price that is not a finite number")
        return prices

    def self_test(self) -> None:
        """Answers the golden rows again.

        Raises:
            SelfTestError: An answer is not the one from training.
        """
        golden = self.metadata.golden
        rows = np.array(golden.rows, dtype=np.float64)
        try:
            got = self.predict(rows)
        except ModelOutputError as error:
            raise SelfTestError(f"golden rows: {error}") from error
        gap = float(np.abs(got - np.array(golden.answers)).max())
        # Written so that a NaN fails.
        if not gap <= golden.tolerance:
            raise SelfTestError(
                f"golden rows: an answer is off by {gap:g}, {golden.tolerance:g} is allowed"
            )


def load(folder: Path, verifier: Verifier | None = None) -> Bundle:
    """Reads, verifies, loads and tests a bundle; it is warm when this returns.

    Args:
        folder: The bundle.
        verifier: Says who must have signed it; without one, nobody need have.

    Raises:
        BundleError: It cannot be served; the subclass says why.
    """
    bundle = Bundle(bundle_format.read(folder, verifier))
    bundle.self_test()
    return bundle


def _open(graph: bytes) -> ort.InferenceSession:
    options = ort.SessionOptions()
    # One thread a call: the server's own threads are the parallelism.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    try:
        session = ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's errors share no public base but this.
        raise BundleFormatError(f"{MODEL_FILE}: ONNX Runtime cannot load it") from error
    inputs, outputs = session.get_inputs(), session.get_outputs()
    if len(inputs) != 1 or len(outputs) != 1:
        raise BundleFormatError(f"{MODEL_FILE}: has not one input and one output")
    if inputs[0].type != "tensor(double)" or inputs[0].shape[1:] != [len(FEATURE_NAMES)]:
        raise BundleFormatError(f"{MODEL_FILE}: does not take rows of {len(FEATURE_NAMES)} doubles")
    if outputs[0].type != "tensor(double)":
        raise BundleFormatError(f"{MODEL_FILE}: does not answer with doubles")
    return session
