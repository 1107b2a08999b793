"""A loaded bundle: rows in, prices out."""

from pathlib import Path

import numpy as np

from . import files, onnx, preprocess
from . import format as bundle_format
from .arrays import Prices, Rows
from .errors import BundleFormatError, BundleUnsafeError, ModelOutputError, SelfTestError
from .format import MODEL_FILE, BundleFiles
from .metadata import Metadata
from .native_evaluator import evaluator
from .numpy_evaluator import NumpyEvaluator
from .part_files import LINEAR_FILE, PREPROCESSOR_FILE, TREES_FILE
from .ranges import Ranges
from .regressor import Regressor, decode_linear, decode_trees
from .schema import FEATURE_NAMES
from .signature import Verifier


class Bundle:
    """A verified bundle in memory, ready to predict from any thread.

    Args:
        files: The bundle's verified files.
        native: Whether to use the evaluator in C, if it was built; NumPy gives the same answers,
            slower.

    Raises:
        BundleFormatError: A file cannot be parsed.
        BundleUnsafeError: The graph is not one that the export writes.
    """

    def __init__(self, files: BundleFiles, *, native: bool = True) -> None:
        self.metadata: Metadata = files.metadata
        self.digest = files.digest
        self.ranges = Ranges.of(files.metadata)
        preprocessor = preprocess.load(files.blobs[PREPROCESSOR_FILE])
        regressor = regressor_of(files)
        found = evaluator(preprocessor, regressor) if native else None
        self._predictor = found or NumpyEvaluator(preprocessor, regressor)

    @property
    def evaluator(self) -> str:
        """What computes the prices: "native", which is in C, or "numpy"."""
        return self._predictor.name

    def predict(self, rows: Rows) -> Prices:
        """Predicts a price a row, in the target's unit.

        Args:
            rows: Shape (n, features), NaN where a value is missing.

        Returns:
            Shape (n,).

        Raises:
            ModelOutputError: The model gave NaN, infinity or a wrong shape.
        """
        return self._predictor.predict(rows)

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


def regressor_of(files: BundleFiles) -> Regressor:
    """Returns what turns scaled rows into prices.

    Raises:
        BundleFormatError: A file cannot be parsed.
        BundleUnsafeError: The graph is not one that the export writes.
    """
    if LINEAR_FILE in files.blobs:
        return decode_linear(files.blobs[LINEAR_FILE])
    if TREES_FILE in files.blobs:
        return decode_trees(files.blobs[TREES_FILE])
    try:
        return onnx.read(files.blobs[MODEL_FILE], len(FEATURE_NAMES))
    except onnx.ForeignGraphError as error:
        raise BundleUnsafeError(
            f"{MODEL_FILE}: holds {error}; only what the export writes is served, so train and"
            " register the model again"
        ) from error
    except onnx.GraphError as error:
        raise BundleFormatError(f"{MODEL_FILE}: is no ONNX graph: {error}") from error


def load(
    folder: Path, verifier: Verifier | None = None, *, max_bytes: int = files.MAX_BYTES
) -> Bundle:
    """Reads, verifies, loads and tests a bundle; it is warm when this returns.

    Args:
        folder: The bundle.
        verifier: Says who must have signed it; without one, nobody need have.
        max_bytes: Most bytes of all its files.

    Raises:
        BundleError: It cannot be served; the subclass says why.
    """
    bundle = Bundle(bundle_format.read(folder, verifier, max_bytes=max_bytes))
    # guard: the golden rows
    bundle.self_test()
    return bundle
