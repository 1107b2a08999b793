"""A loaded bundle: rows in; prices, their bounds and what made them out."""

import math
from functools import cached_property
from pathlib import Path

import numpy as np

from . import files, golden_rows, onnx, preprocess
from . import format as bundle_format
from .arrays import PlainAnswer, Prices, Rows, Vector
from .errors import BundleFormatError, BundleUnsafeError, ModelOutputError, SelfTestError
from .explainer import Explainer
from .format import MODEL_FILE, BundleFiles
from .metadata import INTERVAL_LEVEL, Metadata
from .native_evaluator import evaluator
from .numpy_evaluator import NumpyEvaluator
from .part_files import LINEAR_FILE, PREPROCESSOR_FILE, TREES_FILE
from .parts import loaded
from .parts.assessment import UNLIKE_TRAINING, Assessment
from .parts.explanation import Explanation
from .parts.facts import Parts
from .ranges import Ranges
from .regressor_file import Linear, Regressor, decode_linear, decode_trees
from .schema import FEATURE_NAMES
from .signature import Verifier
from .trees import explanation_steps

# What an explanation takes however small the model is, and what a step of it does, by what computes
# them: measured, and rounded up.
_EXPLANATION_SECONDS = {"native": 2e-5, "numpy": 2e-4}
_STEP_SECONDS = {"native": 3.4e-9, "numpy": 1.6e-7}


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
        self._regressor = regressor = regressor_of(files)
        self._parts = loaded.load(files.metadata, files.blobs, regressor)
        found = evaluator(preprocessor, regressor, self._parts) if native else None
        self._predictor = found or NumpyEvaluator(preprocessor, regressor, self._parts)
        self._preprocessor = preprocessor
        spread = self._parts.spread
        self._usual_quantile = spread.quantile(INTERVAL_LEVEL) if spread else math.nan
        self.explainer = Explainer.of(self._predictor, preprocessor, regressor, self._parts)

    @property
    def evaluator(self) -> str:
        """What computes the prices: "native", which is in C, or "numpy"."""
        return self._predictor.name

    @property
    def parts(self) -> Parts:
        """What it can say besides prices."""
        return self._parts.facts

    @property
    def error_per_half_width(self) -> float:
        """The error to be expected of a price over half the width of its interval of 90 %.

        Of houses like the training ones, on average; NaN where the bundle has no intervals.
        """
        spread = self._parts.spread
        return spread.error_per_half_width(INTERVAL_LEVEL) if spread else math.nan

    def outlying_half_widths(self, share: float) -> float:
        """How many halves of its interval of 90 % a price is off by that a share does not exceed.

        Of houses like the training ones; NaN where the bundle has no intervals.
        """
        spread = self._parts.spread
        if spread is None or not self._usual_quantile > 0:
            return math.nan
        return float(np.quantile(spread.scores, share)) / self._usual_quantile

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

    def assess(
        self, rows: Rows, prices: Prices, level: float = INTERVAL_LEVEL
    ) -> Assessment | None:
        """Says how sure prices are, and how unusual their houses.

        Args:
            rows: Shape (n, features), NaN where a value is missing.
            prices: What `predict` gave for them.
            level: Share of houses like the training ones whose prices are to be within bounds.

        Returns:
            None if the bundle knows no houses. Bounds are NaN where it has none, or too few
            scores for the level.
        """
        parts = self._parts
        if parts.known is None:
            return None
        quantile = parts.spread.quantile(level) if parts.spread else math.nan
        numbers = self._predictor.assess(rows, prices, quantile)
        return Assessment(level, numbers, rows, self._odd_features)

    def answer_plain(self, row: bytes, domain: Rows) -> PlainAnswer | None:
        """Prices and assesses one row that is like the training data, as most are.

        The same numbers as of `predict` and `assess`, all in one go: callers who ask for one house
        at a time wait for a fifth less.

        Args:
            row: Float64, one for each feature, NaN where it is missing.
            domain: For each feature the lowest and the highest value that can be scored, and 1
                where it has to be a whole number; shape (3, features).

        Returns:
            None if the row is unlike the training data, or cannot be scored, or not in this way.
        """
        found = self._predictor.answer_plain(row, self.ranges, domain, self._usual_quantile)
        if found is None:
            return None
        _, _, upper, p_value, _ = found[0]
        return None if p_value < UNLIKE_TRAINING or upper == math.inf else found

    def explain(
        self, rows: Rows, reference: Vector | None = None, prices: Prices | None = None
    ) -> Explanation | None:
        """Says what made prices.

        Args:
            rows: Shape (n, features), NaN where a value is missing.
            reference: A house that they are compared with, shape (features,), NaN where a value
                is missing; None for a house of which nothing is known.
            prices: What `predict` gave for the rows; asked for again if None.

        Returns:
            None if the bundle has nothing to explain prices by.

        Raises:
            ModelOutputError: As of `predict`.
        """
        if self.explainer is None:
            return None
        prices = self.predict(rows) if prices is None else prices
        return self.explainer.explain(rows, prices, reference)

    @cached_property
    def explanation_seconds(self) -> float:
        """About what it takes to explain a price: reckoned, so that replicas agree on a limit."""
        trees = None if isinstance(self._regressor, Linear) else self._regressor
        work = explanation_steps(trees, len(FEATURE_NAMES)) if trees else 0
        return _EXPLANATION_SECONDS[self.evaluator] + work * _STEP_SECONDS[self.evaluator]

    def self_test(self, *, explain: bool = True) -> None:
        """Answers the golden rows again.

        Args:
            explain: Whether to explain the prices, too, which takes most of the time.

        Raises:
            SelfTestError: An answer is not the one from training.
            BundleFormatError: Prices are explained from what is no price.
        """
        if explain and self.explainer is not None:
            _ = self.explainer.start
        try:
            golden_rows.check(self.metadata.golden, self, explain=explain)
        except ModelOutputError as error:
            raise SelfTestError(f"golden rows: {error}") from error

    def _odd_features(self, rows: Rows) -> list[tuple[str, ...]]:
        known = self._parts.known
        scaled = self._preprocessor.scaled(self._predictor.fill(rows))
        return known.odd_features(scaled) if known else [()] * len(rows)


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
    folder: Path,
    verifier: Verifier | None = None,
    *,
    max_bytes: int = files.MAX_BYTES,
    tried: bool = False,
) -> Bundle:
    """Reads, verifies, loads and tests a bundle; it is warm when this returns.

    Args:
        folder: The bundle.
        verifier: Says who must have signed it; without one, nobody need have.
        max_bytes: Most bytes of all its files.
        tried: Whether it has explained its golden rows elsewhere, with the same software.

    Raises:
        BundleError: It cannot be served; the subclass says why.
    """
    bundle = Bundle(bundle_format.read(folder, verifier, max_bytes=max_bytes))
    # guard: the golden rows
    bundle.self_test(explain=not tried)
    return bundle
