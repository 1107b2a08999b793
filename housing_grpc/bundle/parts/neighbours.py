r"""Known houses, and how far a row is from the nearest one: `neighbours.bin`.

Each scaled value is mapped to its normal score, so that a step means as much in every feature.
Between two knots the map is the line through both; beyond the last it goes on in standard
deviations. How far a row is from the nearest known house is compared with how far houses that were
held out were from the others: the share of those at least as far is a conformal p-value.

The file is the eight bytes "near  1\n"; uint32: method (0 the training rows, 1 centres of them, 2 a
Gaussian copula, of which the known house is the mean), knots, points, distances; float64 value of
each knot, score of each knot; method 2: float64 matrix (features, features) that whitens scores;
float64 distances in rising order; float32 scores of each point; uint16 knots of each feature.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..arrays import Counts, Rows, Vector
from ..part_files import NEIGHBOURS_FILE
from ..schema import FEATURE_NAMES
from . import layout
from .layout import Layout

METHODS = ("nearest neighbour", "nearest centre", "copula")

_MAGIC = b"near  1\n"
_WIDTH = len(FEATURE_NAMES)
_COPULA = METHODS.index("copula")
# A row is compared with each point: with so many in 5 µs.
_MOST_POINTS = 2**12
_MOST_KNOTS = 2**12
_MOST_DISTANCES = 2**20
# Far above what training gives; whatever a row holds, no sum of squares overflows a float32.
_MOST_VALUE = 1e12
_MOST_SCORE = 1000.0
_MOST_WEIGHT = 1e6
# Of a distance: above the rounding of a float32, below a difference between two houses.
_TIE = 1e-6
# Rows times points that are compared at a time.
_BLOCK = 2**18
# Of the square of a distance: features that explain so much of it are named.
_ODD_SHARE = 0.6
_MOST_ODD = 3

Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, eq=False)
class Neighbours:
    """Known houses as normal scores.

    Attributes:
        method: One of `METHODS`.
        counts: Shape (features,), the knots of each feature.
        values: Shape (knots,), scaled values, rising within a feature.
        scores: Shape (knots,), the normal score of each.
        matrix: Shape (features, features), what scores are multiplied with before they are
            compared; None for nothing.
        points: Shape (points, features), scores of the known houses, exact in float32.
        distances: Rising; how far each house that was held out was from the others.
    """

    method: str
    counts: Counts
    values: Vector
    scores: Vector
    matrix: Rows | None
    points: Rows
    distances: Vector

    @cached_property
    def coordinates(self) -> Floats:
        """What scores of rows are compared with, shape (points, features)."""
        return self._compared(self.points)

    @property
    def parts(self) -> tuple[object, ...]:
        """Its arrays, for the evaluator in C."""
        matrix = np.empty(0) if self.matrix is None else np.ascontiguousarray(self.matrix)
        coordinates = self.coordinates.astype(np.float64)
        return self.counts, self.values, self.scores, matrix, coordinates, self.distances

    def normal_scores(self, scaled: Rows) -> Rows:
        """Returns the normal score of each scaled value, shape (n, features)."""
        ends = np.cumsum(self.counts)
        columns = [
            _score(column, self.values[end - count : end], self.scores[end - count : end])
            for column, count, end in zip(scaled.T, self.counts, ends, strict=True)
        ]
        return np.column_stack(columns)

    def nearest(self, scaled: Rows) -> tuple[Vector, Counts]:
        """Returns how far rows are from the nearest known house, and which one that is."""
        at = self._compared(self.normal_scores(scaled))
        distances, places = np.empty(len(at)), np.zeros(len(at), dtype=np.int64)
        step = max(1, _BLOCK // len(self.points))
        for start in range(0, len(at), step):
            part = at[start : start + step]
            squares = np.zeros((len(part), len(self.points)), dtype=np.float32)
            # Feature by feature, as the extension sums.
            for column, known in zip(part.T, self.coordinates.T, strict=True):
                gaps = known - column[:, None]
                squares += gaps * gaps
            found = squares.argmin(axis=1)
            places[start : start + step] = found
            nearest = squares[np.arange(len(part)), found]
            distances[start : start + step] = np.sqrt(nearest.astype(np.float64))
        return distances, places

    def p_values(self, distances: Vector) -> Vector:
        """Returns the share of held-out houses at least as far from the others, shape (n,)."""
        held = len(self.distances)
        nearer = np.searchsorted(self.distances, distances - _TIE, side="left")
        return np.asarray((1.0 + (held - nearer)) / (1.0 + held), dtype=np.float64)

    def odd_features(self, scaled: Rows) -> list[tuple[str, ...]]:
        """Returns what sets each row apart from the nearest known house, the oddest first.

        Args:
            scaled: Shape (n, features).
        """
        _, places = self.nearest(scaled)
        scores = self.normal_scores(scaled).astype(np.float32).astype(np.float64)
        gaps = scores - self.points[places]
        pulls = gaps
        if self.matrix is not None:
            pulls = _multiplied(_multiplied(gaps, self.matrix), self.matrix.T)
        squares = gaps * pulls
        order = np.argsort(-squares, axis=1, kind="stable")[:, :_MOST_ODD]
        largest = np.take_along_axis(squares, order, axis=1)
        explained = np.cumsum(largest, axis=1) - largest
        totals = squares.cumsum(axis=1)[:, -1:]
        kept = (explained < _ODD_SHARE * totals) & (largest > 0)
        return [
            tuple(FEATURE_NAMES[place] for place in row[marks].tolist())
            for row, marks in zip(order, kept, strict=True)
        ]

    def _compared(self, scores: Rows) -> Floats:
        if self.matrix is None:
            return scores.astype(np.float32)
        return _multiplied(scores, self.matrix).astype(np.float32)


def encode(found: Neighbours) -> bytes:
    """Returns the content of `neighbours.bin`."""
    method = METHODS.index(found.method)
    matrix = np.empty(0) if found.matrix is None else found.matrix
    return layout.encode(
        _MAGIC,
        (method, len(found.values), len(found.points), len(found.distances)),
        ("<f8", found.values),
        ("<f8", found.scores),
        ("<f8", matrix),
        ("<f8", found.distances),
        ("<f4", found.points),
        ("<u2", found.counts),
    )


def decode(data: bytes) -> Neighbours:
    """Reads `neighbours.bin`.

    Raises:
        BundleFormatError: It is none, or holds what no training gives.
    """
    read = Layout(NEIGHBOURS_FILE, _MAGIC, data)
    method, knots, points, distances = read.numbers(4)
    read.require(method < len(METHODS), "is of an unknown method")
    read.require(0 < points <= _MOST_POINTS, f"has no points, or more than {_MOST_POINTS}")
    read.require(0 < distances <= _MOST_DISTANCES, "has no distances, or too many")
    squared = _WIDTH * _WIDTH if method == _COPULA else 0
    read.expect(8 * (2 * knots + squared + distances) + 4 * _WIDTH * points + 2 * _WIDTH)
    values, scores = read.array("<f8", knots), read.array("<f8", knots)
    matrix = read.array("<f8", squared).reshape(_WIDTH, _WIDTH) if squared else None
    held = read.array("<f8", distances)
    coordinates = read.array("<f4", _WIDTH * points).reshape(points, _WIDTH)
    counts = read.array("<u2", _WIDTH, np.int64)
    read.require(((counts > 0) & (counts <= _MOST_KNOTS)).all(), "has a feature without knots")
    read.require(counts.sum() == knots, "has knots of no feature")
    _bounded(read, values, _MOST_VALUE)
    _bounded(read, scores, _MOST_SCORE)
    _bounded(read, coordinates, _MOST_SCORE)
    if matrix is not None:
        _bounded(read, matrix, _MOST_WEIGHT)
    # The last knot of a feature and the first of the next one are no neighbours.
    within = np.ones(max(knots - 1, 0), dtype=bool)
    within[np.cumsum(counts)[:-1] - 1] = False
    # guard: knots rise
    read.require((np.diff(values)[within] > 0).all(), "has values that do not rise")
    read.require((np.diff(scores)[within] >= 0).all(), "has scores that fall")
    _bounded(read, held, _MOST_VALUE)
    rising = held[0] >= 0 and (np.diff(held) >= 0).all()
    read.require(rising, "has distances that do not rise")
    return Neighbours(
        method=METHODS[method], counts=counts, values=values, scores=scores, matrix=matrix,
        points=coordinates, distances=held,
    )  # fmt: skip


def _multiplied(rows: Rows, matrix: Rows) -> Rows:
    """Returns the matrix times each row, the same however many rows there are."""
    total = np.zeros_like(rows)
    for column, weights in zip(rows.T, matrix.T, strict=True):
        total += weights * column[:, None]
    return total


def _bounded(read: Layout, numbers: Rows, most: float) -> None:
    # Written so that a NaN is refused.
    read.require((np.abs(numbers) <= most).all(), "holds a number that is not finite, or too large")


def _score(column: Vector, values: Vector, scores: Vector) -> Vector:
    above = np.searchsorted(values, column, side="right")
    with np.errstate(all="ignore"):
        if len(values) == 1:
            found = scores[0] + (column - values[0])
        else:
            low = np.clip(above, 1, len(values) - 1)
            share = (column - values[low - 1]) / (values[low] - values[low - 1])
            found = scores[low - 1] + share * (scores[low] - scores[low - 1])
            found = np.where(above == 0, scores[0] + (column - values[0]), found)
            last = scores[-1] + (column - values[-1])
            found = np.where(above == len(values), last, found)
        # As the extension does, also for what is no number.
        found = np.where(found < _MOST_SCORE, found, _MOST_SCORE)
        return np.where(found > -_MOST_SCORE, found, -_MOST_SCORE)
