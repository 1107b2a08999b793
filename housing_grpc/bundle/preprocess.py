"""Fills and scales rows as the fitted scikit-learn preprocessing does, in float64.

Tree models compare against thresholds, so that a rounding of the scaled value
can move a row to another leaf: every step here is done in the order and
precision of scikit-learn's own.
"""

from typing import Annotated

import msgspec
import numpy as np

from . import document
from .arrays import Rows
from .errors import BundleFormatError
from .imputers import ConstantImputer, Imputer, IterativeImputer, KnnImputer
from .schema import FEATURE_NAMES

# Rows that KNN searches: with so many, to fill one house takes 5 ms in C, 0.3 s at worst.
_MOST_ROWS = 2**16
# Regressions of the iterative imputer: with so many, 0.1 ms. Training writes 130.
_MOST_STEPS = 10_000
_Place = Annotated[int, msgspec.Meta(ge=0, lt=len(FEATURE_NAMES))]
_Vector = Annotated[list[float], msgspec.Meta(max_length=len(FEATURE_NAMES))]
_Gaps = Annotated[list[float | None], msgspec.Meta(max_length=len(FEATURE_NAMES))]


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """These values decide prices, so an unknown key is an error."""


class _Constant(_Part, frozen=True, tag="constant", tag_field="kind"):
    values: _Vector


class _Knn(_Part, frozen=True, tag="knn", tag_field="kind"):
    neighbors: Annotated[int, msgspec.Meta(ge=1, le=_MOST_ROWS)]
    rows: Annotated[list[_Gaps], msgspec.Meta(max_length=_MOST_ROWS)]


class _Step(_Part, frozen=True):
    feature: _Place
    inputs: Annotated[list[_Place], msgspec.Meta(max_length=len(FEATURE_NAMES))]
    coefficients: _Vector
    intercept: float


class _Iterative(_Part, frozen=True, tag="iterative", tag_field="kind"):
    initial: _Vector
    minimum: _Gaps
    maximum: _Gaps
    steps: Annotated[list[_Step], msgspec.Meta(max_length=_MOST_STEPS)]


class _Scaler(_Part, frozen=True):
    mean: _Vector
    scale: _Vector


class _Document(_Part, frozen=True):
    imputer: _Constant | _Knn | _Iterative
    scaler: _Scaler


_DOCUMENT = msgspec.json.Decoder(_Document)


class Preprocessor:
    """Imputes missing values, then standardises.

    Args:
        imputer: Fills what is missing.
        mean: Subtracted from each feature, shape (features,).
        scale: Divides each feature, shape (features,).
    """

    def __init__(self, imputer: Imputer, mean: Rows, scale: Rows) -> None:
        self.imputer = imputer
        self.mean = mean
        self.scale = scale

    def transform(self, rows: Rows) -> Rows:
        """Returns the scaled rows, shape (n, features); `rows` is left as it is.

        Args:
            rows: Shape (n, features), NaN where a value is missing.
        """
        return self.scaled(self.filled(rows))

    def filled(self, rows: Rows) -> Rows:
        """Returns the rows with every missing value filled; `rows` is left as it is."""
        missing = np.isnan(rows)
        if not missing.any():
            return rows
        rows = rows.copy()
        lacking = missing.any(axis=1)
        rows[lacking] = self.imputer.fill(rows[lacking], missing[lacking])
        return rows

    def scaled(self, filled: Rows) -> Rows:
        """Returns rows without missing values in standard deviations from the mean."""
        return (filled - self.mean) / self.scale


def load(data: bytes) -> Preprocessor:
    """Reads `preprocessor.json`.

    Raises:
        BundleFormatError: It is not JSON, or a number is missing or wrong.
    """
    try:
        found = document.decode("preprocessor.json", data, _DOCUMENT)
        imputer = _imputer(found.imputer)
        mean = _vector(found.scaler.mean)
        scale = _vector(found.scaler.scale)
    except (ValueError, IndexError) as error:
        raise BundleFormatError(f"preprocessor.json: {error}") from error
    if not np.all(scale > 0):
        raise BundleFormatError("preprocessor.json: a scale is not above zero")
    return Preprocessor(imputer, mean, scale)


def _imputer(found: _Constant | _Knn | _Iterative) -> Imputer:
    if isinstance(found, _Constant):
        return ConstantImputer(_vector(found.values))
    if isinstance(found, _Knn):
        return KnnImputer(_matrix(found.rows), found.neighbors)
    steps = [
        (step.feature, np.array(step.inputs), np.array(step.coefficients), step.intercept)
        for step in found.steps
    ]
    return IterativeImputer(
        initial=_vector(found.initial),
        minimum=_vector([-np.inf if low is None else low for low in found.minimum]),
        maximum=_vector([np.inf if high is None else high for high in found.maximum]),
        steps=steps,
    )


def _vector(values: list[float]) -> Rows:
    vector = np.array(values, dtype=np.float64)
    if vector.shape != (len(FEATURE_NAMES),):
        raise ValueError(f"there are {vector.size} numbers where {len(FEATURE_NAMES)} belong")
    return vector


def _matrix(rows: list[list[float | None]]) -> Rows:
    return np.array([_vector([np.nan if v is None else v for v in row]) for row in rows])
