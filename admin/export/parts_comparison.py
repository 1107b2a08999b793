"""Holds what a bundle says besides prices against the same computed otherwise.

Bounds and p-values against NumPy's, which does the same steps, and against what training has
computed with the libraries; contributions against the sum of the trees, NumPy's way by leaves, and
the definition of Shapley values.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from housing_grpc.bundle.explainer import Explainer
from housing_grpc.bundle.metadata import INTERVAL_LEVEL
from housing_grpc.bundle.model import Bundle
from housing_grpc.bundle.numpy_evaluator import NumpyEvaluator
from housing_grpc.bundle.parts.explanation import Link
from housing_grpc.bundle.preprocess import Preprocessor
from housing_grpc.bundle.regressor_file import Linear, Regressor

from ..base.errors import ExportError
from ..training.uncertainty import Uncertainty
from . import brute_force
from .comparison import Ways
from .reference import scaled

Rows = NDArray[np.float64]

# Of steps that are the same; relative above 1.
_ALIKE = 1e-9
# Of what is computed in float32 on one side.
_ALMOST = 1e-4
# Of the model's own sum.
_SUM = 1e-6
_LAST_DIGITS = 1e-12
# Explaining goes through all nodes of the trees: with 500 trees of depth 4, all rows take 5 s in C,
# and of deeper trees fewer rows are asked for.
_MOST_VISITS = 8 * 10**9
_NUMPY_ROWS = 3
# The libraries fill in what is missing slowly: they are asked for one row in so many.
_LIBRARY_STEP = 10


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A bundle that is to be checked, and what it was made from.

    Attributes:
        ways: To ask the bundle.
        preprocessor: Of the bundle.
        regressor: Of the bundle.
        pipeline: Fitted.
        uncertainty: What the training has learned, if the bundle has it.
        unit: What counts as one in the target's unit: about a ninth of its spread.
    """

    ways: Ways
    preprocessor: Preprocessor
    regressor: Regressor
    pipeline: Pipeline
    uncertainty: Uncertainty | None
    unit: float

    @property
    def best(self) -> Bundle:
        """The bundle as it will mostly be served."""
        return self.ways.native or self.ways.numpy

    @property
    def exact(self) -> NumpyEvaluator:
        """Gives the model's own sum, in float64 whatever the library does."""
        regressor = self.regressor
        if not isinstance(regressor, Linear):
            regressor = replace(regressor, float32=False, exponential=False)
        return NumpyEvaluator(self.preprocessor, regressor)

    @property
    def scale(self) -> float:
        """What counts as one in the model's own sum."""
        explainer = self.best.explainer
        return 1.0 if explainer and explainer.facts.link is Link.LOG else self.unit


def check(subject: Subject, kinds: dict[str, Rows]) -> None:
    """Refuse a bundle that says otherwise than it should.

    Args:
        subject: The bundle.
        kinds: Rows to ask, as `probes` makes them.

    Raises:
        ExportError: It does; the text says what is off, and on which rows.
    """
    step = _step(subject, sum(map(len, kinds.values())))
    for place, (kind, rows) in enumerate(kinds.items()):
        # The definition takes a price for each set of features.
        for what, gap, allowed in _gaps(subject, rows, step, by_definition=place == 0):
            # Written so that a NaN is refused.
            if not gap <= allowed:
                raise ExportError(
                    f"the bundle's {what} are off by up to {gap:.3g} on {kind},"
                    f" {allowed:.3g} is allowed"
                )


Gaps = Iterator[tuple[str, float, float]]


def _gaps(subject: Subject, rows: Rows, step: int, *, by_definition: bool) -> Gaps:
    prices = subject.best.predict(rows)
    yield from _assessments(subject, rows, prices)
    explainer = subject.best.explainer
    if explainer is not None:
        rows, prices = rows[::step], prices[::step]
        yield from _explanations(subject, explainer, rows, prices, by_definition=by_definition)


def _assessments(subject: Subject, rows: Rows, prices: Rows) -> Gaps:
    found = subject.best.assess(rows, prices)
    same = subject.ways.numpy.assess(rows, prices) if subject.ways.native else None
    if found is not None and same is not None:
        for what in ("lower", "upper", "p_value", "distance"):
            one, other = getattr(found, what), getattr(same, what)
            yield f"{what} in C", _apart(one, other), _ALIKE
    if found is not None and subject.uncertainty is not None:
        some = slice(None, None, _LIBRARY_STEP)
        rows, prices = rows[some], prices[some]
        at = scaled(subject.pipeline, rows)
        distance = subject.uncertainty.known.distance(at)
        yield "distances", _apart(found.distance[some], distance), _ALMOST
        intervals = subject.uncertainty.intervals
        inputs = np.column_stack([at, prices, np.isnan(rows).sum(axis=1)])
        quantile = intervals.quantile(INTERVAL_LEVEL)
        widths = intervals.spread.usual(inputs) * np.maximum(1, distance / intervals.reach)
        halves = found.upper[some] - prices
        gap = _apart(halves / subject.unit, quantile * widths / subject.unit)
        yield "bounds", gap, _ALMOST


def _explanations(
    subject: Subject, explainer: Explainer, rows: Rows, prices: Rows, *, by_definition: bool
) -> Gaps:
    found, scale = explainer.explain(rows, prices, None), subject.scale
    total = found.base + found.amounts.sum(axis=1)
    yield "sums of contributions", _apart(total, prices), _LAST_DIGITS
    exact = subject.exact.predict(found.values)
    gap = float(np.abs(explainer.start + found.margins.sum(axis=1) - exact).max()) / scale
    yield "contributions' sums before the link", gap, _SUM
    few, other = found.values[:_NUMPY_ROWS], np.median(found.values, axis=0)
    against = explainer.margins(few, other)
    if by_definition:
        defined = brute_force.contributions(few[0], other, subject.exact.predict)
        gap = float(np.abs(against[0] - defined).max()) / scale
        yield "contributions against a reference", gap, _ALIKE
    same = subject.ways.numpy.explainer if subject.ways.native else None
    if same is not None:
        gap = float(np.abs(found.margins[:_NUMPY_ROWS] - same.margins(few)).max()) / scale
        yield "contributions in C", gap, _ALIKE
        gap = float(np.abs(against - same.margins(few, other)).max()) / scale
        yield "contributions against a reference in C", gap, _ALIKE


def _step(subject: Subject, rows: int) -> int:
    """Return one row in how many is explained."""
    regressor = subject.regressor
    if isinstance(regressor, Linear):
        return 1
    # NumPy takes some thirty times as long.
    slow = 1 if subject.ways.native is not None else 30
    nodes = min(len(regressor.levels), len(subject.preprocessor.mean)) // 2 + 1
    return max(1, len(regressor.left) * nodes**2 * slow * rows // _MOST_VISITS)


def _apart(found: Rows, expected: Rows) -> float:
    return float((np.abs(found - expected) / np.maximum(1, np.abs(expected))).max())
