"""Learns what a house like the training ones is: how far each is from the nearest other one.

Values become normal scores first: that of the rank of a value among the training values. Up to
2,000 rows are kept as they are; of more there are centres. Where no row may be kept, the scores are
taken for normally distributed (a Gaussian copula), and a house is held against their mean and
correlations.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from sklearn.cluster import KMeans
from sklearn.neighbors import NearestNeighbors

Numbers = NDArray[np.float64]
Indices = NDArray[np.int64]

MOST_ROWS = 2000
_CENTRES = 256
_MOST_KNOTS = 2048
# Without rows: enough to tell the shape of a column by.
_FEW_KNOTS = 101
_FOLDS = 20
_MOST_DISTANCES = 2**17
# Of the correlations: keeps what is computed of columns that repeat each other bounded.
_SHRINKAGE = 1e-3


@dataclass(frozen=True, kw_only=True, eq=False)
class KnownHouses:
    """What a row is held against.

    Attributes:
        method: "nearest neighbour", "nearest centre" or "copula".
        knots: For each feature scaled values, rising, and their normal scores.
        matrix: Shape (features, features), what scores are multiplied with; or None.
        points: Shape (points, features), scores, rounded to float32.
        distances: Rising; of training houses from the others.
    """

    method: str
    knots: tuple[tuple[Numbers, Numbers], ...]
    matrix: Numbers | None
    points: Numbers
    distances: Numbers = field(default_factory=lambda: np.empty(0))

    def scores(self, scaled: Numbers) -> Numbers:
        """Return the normal scores of scaled rows, shape (n, features)."""
        columns = zip(scaled.T, self.knots, strict=True)
        return np.column_stack([_on_line(column, *knots) for column, knots in columns])

    def distance(self, scaled: Numbers) -> Numbers:
        """Return how far scaled rows are from the nearest known house, shape (n,)."""
        at, points = self.scores(scaled), self.points
        if self.matrix is not None:
            at, points = at @ self.matrix.T, points @ self.matrix.T
        found, _ = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(points).kneighbors(at)
        return np.asarray(found[:, 0])


def learn(scaled: Numbers, *, keep_rows: bool, seed: int) -> tuple[KnownHouses, Numbers]:
    """Return what is known of training houses, and how far each is from the nearest other one.

    Args:
        scaled: Their rows as the model gets them, shape (n, features), none missing.
        keep_rows: Whether rows, or centres of them, may be kept.
        seed: Decides where the centres lie.
    """
    bare = _shape(scaled, keep_rows)
    found = _fit(bare, scaled, seed)
    held = held_out_distances(found, scaled, _folds(found, len(scaled), seed), seed)
    kept = held
    if len(held) > _MOST_DISTANCES:
        kept = np.random.default_rng(seed).choice(held, _MOST_DISTANCES, replace=False)
    return replace(found, distances=np.sort(kept)), held


def held_out_distances(known: KnownHouses, scaled: Numbers, folds: Indices, seed: int) -> Numbers:
    """Return how far each row is from the nearest known house that is of no row of its fold.

    Args:
        known: Learned from the rows.
        scaled: The rows.
        folds: Shape (n,), the fold of each row.
        seed: As it was learned with.
    """
    found = np.empty(len(scaled))
    if known.method == "nearest neighbour":
        return _nearest_of_other_folds(known.scores(scaled), folds)
    for fold in np.unique(folds):
        held = folds == fold
        found[held] = _fit(known, scaled[~held], seed).distance(scaled[held])
    return found


def _shape(scaled: Numbers, keep_rows: bool) -> KnownHouses:
    method = "copula"
    if keep_rows:
        method = "nearest neighbour" if len(scaled) <= MOST_ROWS else "nearest centre"
    most = _MOST_KNOTS if keep_rows else _FEW_KNOTS
    knots = tuple(_knots(column, most) for column in scaled.T)
    return KnownHouses(method=method, knots=knots, matrix=None, points=np.empty((0, 0)))


def _fit(shape: KnownHouses, scaled: Numbers, seed: int) -> KnownHouses:
    scores = shape.scores(scaled)
    if shape.method == "copula":
        return _copula(shape, scores)
    if shape.method == "nearest centre":
        count = min(_CENTRES, len(scores))
        scores = KMeans(count, n_init=1, random_state=seed).fit(scores).cluster_centers_
    return replace(shape, points=scores.astype(np.float32).astype(np.float64))


def _copula(shape: KnownHouses, scores: Numbers) -> KnownHouses:
    covariance = np.cov(scores, rowvar=False)
    widths = np.diag(np.diag(covariance) + _SHRINKAGE)
    covariance = (1 - _SHRINKAGE) * covariance + _SHRINKAGE * widths
    matrix = np.linalg.cholesky(np.linalg.inv(covariance)).T
    mean = scores.mean(axis=0, keepdims=True)
    return replace(shape, matrix=matrix, points=mean.astype(np.float32).astype(np.float64))


def _folds(known: KnownHouses, rows: int, seed: int) -> Indices:
    # Each row on its own where that costs nothing.
    if known.method == "nearest neighbour":
        return np.arange(rows)
    return np.random.default_rng(seed).permutation(rows) % min(_FOLDS, rows)


def _nearest_of_other_folds(scores: Numbers, folds: Indices) -> Numbers:
    found = np.empty(len(scores))
    for at, (row, fold) in enumerate(zip(scores, folds, strict=True)):
        squares = ((scores - row) ** 2).sum(axis=1)
        found[at] = np.sqrt(squares[folds != fold].min())
    return found


def _knots(column: Numbers, most: int) -> tuple[Numbers, Numbers]:
    # What differs by its rounding alone, as filled-in values do, is one value: between two knots
    # so close together a line would be a jump.
    values, counts = np.unique(column.round(9), return_counts=True)
    # Equal values share the middle of their ranks.
    ranks = np.cumsum(counts) - counts / 2
    scores = ndtri(ranks / len(column))
    kept = np.unique(np.linspace(0, len(values) - 1, most).round().astype(int))
    return values[kept], scores[kept]


def _on_line(column: Numbers, values: Numbers, scores: Numbers) -> Numbers:
    below, beyond = column < values[0], column > values[-1]
    found = np.interp(column, values, scores)
    found = np.where(below, scores[0] + column - values[0], found)
    return np.where(beyond, scores[-1] + column - values[-1], found)
