"""Learns how far prices are off, from prices of houses that the model did not learn from.

Cross-conformal: every house is priced by a copy of the recipe that was fitted without it. How far
that was off, over what is usual for such a house, is its score; the quantile of the scores is what
bounds are made of. What is usual for a house (its spread) is learned by small trees, each fold's
without that fold, and grows with the distance to the nearest other house.

Sources: V. Vovk, "Cross-conformal predictors", Annals of Mathematics and Artificial Intelligence 74
(2015); H. Papadopoulos, A. Gammerman and V. Vovk, "Normalized nonconformity measures for regression
conformal prediction" (2008).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold, KFold
from sklearn.pipeline import Pipeline
from sklearn.tree import DecisionTreeRegressor

from housing_grpc.bundle.schema import FEATURE_NAMES

from .. import models
from ..data.dataset import Dataset
from ..strategies import sklearn_trees
from ..strategies.graph import Tree, Trees
from . import out_of_fold
from .known_houses import KnownHouses, held_out_distances

LEVEL = 0.9
LEVELS = tuple(step / 20 for step in range(1, 20))
"""At which it is looked whether bounds hold as often as they say."""

METHOD = "cross-conformal: spread x distance"

_FOLDS = 20
_TOWN_FOLDS = 10
# The columns that are alike in all tracts of a town.
_OF_A_TOWN = ("RAD", "TAX", "PTRATIO")
# At 0.9, bounds hold less often for houses unlike the known ones; at 0.5, they are wider for all.
_REACH_LEVEL = 0.75
# Of the mean error: a house that happens to be priced exactly says nothing of such houses.
_SMALLEST_ERROR = 1e-3
# With fewer rows, the spread is one of the price alone.
_FEW_ROWS = 100
_STEPS_OF_PRICE = 5
_MOST_SCORES = 2**17

Numbers = NDArray[np.float64]
Indices = NDArray[np.int64]
Step = Callable[[str], None]


class Spread(Protocol):
    """How far prices are off, as small trees."""

    def usual(self, inputs: Numbers) -> Numbers:
        """Return the error to expect of rows, shape (n,).

        Args:
            inputs: The scaled features, the price and the number of blanks, shape (n, 15).
        """

    def graph(self) -> Trees:
        """Return the trees."""


@dataclass(frozen=True, kw_only=True, eq=False)
class OutOfFoldPrices:
    """Prices of all rows by copies that were fitted without them; all of shape (n,).

    Attributes:
        actual: The true prices.
        predicted: What the copies gave.
        covered: Whether the true price is within its bounds at `LEVEL`.
    """

    actual: Numbers
    predicted: Numbers
    covered: NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Intervals:
    """What bounds of prices are made of, and how they did.

    Attributes:
        spread: Of the scaled features, the price and the number of blanks.
        scores: Rising, one a row, of at most 131,072 rows.
        errors: How far the price of each row was off, shape (n,).
        held: What these figures are measured on.
        calibration: Share of the rows within bounds at each of `LEVELS`, as `coverage` is found.
        reach: A distance beyond this widens an interval.
        folds: How many copies of the recipe were fitted.
        coverage: Share of the rows within bounds at `LEVEL`, by the quantile of the other folds.
        coverage_error: Its standard error.
        width: Mean width at `LEVEL`, in the target's unit.
        winkler: Mean Winkler score at `LEVEL`.
        town_coverage: The coverage where towns are held out as a whole; None with few towns.
    """

    spread: Spread
    scores: Numbers
    errors: Numbers
    held: OutOfFoldPrices
    calibration: Numbers
    reach: float
    folds: int
    coverage: float
    coverage_error: float
    width: float
    winkler: float
    town_coverage: float | None

    def quantile(self, level: float) -> float:
        """Return the conformal quantile of the scores; infinite with too few."""
        return _quantile(self.scores, level)

    @property
    def described(self) -> str:
        """What was measured, in a line for people."""
        towns = ""
        if self.town_coverage is not None:
            towns = f"; {self.town_coverage * 100:.1f} % where towns are held out"
        return (
            f"interval {LEVEL * 100:g} %: covers {self.coverage * 100:.1f} ± "
            f"{self.coverage_error * 100:.1f} % out of fold, {self.width:.3g} wide{towns}"
        )

    @property
    def metrics(self) -> dict[str, float]:
        """Its figures, as MLflow gets them."""
        found = {
            "interval_coverage": self.coverage,
            "interval_width": self.width,
            "interval_winkler": self.winkler,
        }
        if self.town_coverage is not None:
            found["interval_town_coverage"] = self.town_coverage
        return found


def learn(
    pipeline: Pipeline,
    dataset: Dataset,
    known: KnownHouses,
    distances: Numbers,
    *,
    seed: int,
    by_town: bool = True,
    step: Step = lambda _: None,
) -> Intervals:
    """Return what bounds of prices are made of.

    Args:
        pipeline: Fitted to all rows; copies of it are fitted to most of them.
        dataset: The rows.
        known: Learned from them.
        distances: Of each row from the nearest other one, shape (n,).
        seed: Decides which row is in which fold.
        by_town: Whether to hold out towns as well, and tell how bounds do there.
        step: Called `STEPS` times, with what begins.
    """
    rows = _Rows.of(pipeline, dataset, seed, by_town)
    predicted, town_predicted = out_of_fold.prices(
        pipeline, dataset, (rows.folds, rows.towns), step
    )
    errors, inputs = np.abs(rows.target - predicted), rows.inputs(predicted)
    found = bounds(inputs, rows.target, rows.folds, distances)
    learned = _Learned(
        town_predicted=town_predicted,
        errors=errors,
        inputs=inputs,
        scores=found.scores,
        reach=_reach(distances),
    )
    lower, upper = found.lower, found.upper
    overshoot = np.maximum(lower - rows.target, 0) + np.maximum(rows.target - upper, 0)
    coverage = float(found.covered.mean())
    return Intervals(
        spread=_spread(inputs, errors),
        scores=_kept(learned.scores, seed),
        errors=errors,
        held=OutOfFoldPrices(actual=rows.target, predicted=predicted, covered=found.covered),
        calibration=np.array(
            [(found.scores <= _quantiles(found.scores, rows.folds, each)).mean() for each in LEVELS]
        ),
        reach=learned.reach,
        folds=len(np.unique(rows.folds)),
        coverage=coverage,
        coverage_error=math.sqrt(coverage * (1 - coverage) / len(errors)),
        width=float((upper - lower).mean()),
        winkler=float((upper - lower + 2 / (1 - LEVEL) * overshoot).mean()),
        town_coverage=_town_coverage(rows, learned, known, seed),
    )


STEPS = out_of_fold.STEPS
"""How many steps `learn` announces."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Bounds:
    """Bounds of prices at `LEVEL`, each by what the other folds tell; all of shape (n,).

    Attributes:
        scores: How far each price was off, over what is usual for such a house.
        covered: Whether the true price is within.
        lower: Not below 0, but where the price is.
        upper: As far above the price.
    """

    scores: Numbers
    covered: NDArray[np.bool_]
    lower: Numbers
    upper: Numbers


def bounds(inputs: Numbers, target: Numbers, folds: Indices, distances: Numbers) -> Bounds:
    """Return the bounds of prices that were found out of fold; no recipe is fitted for it.

    Args:
        inputs: The scaled features, the price and the number of blanks, shape (n, 15).
        target: The true prices, shape (n,).
        folds: The fold of each row.
        distances: Of each row from the nearest other one, shape (n,).
    """
    predicted = inputs[:, _PRICE]
    errors = np.abs(target - predicted)
    spreads = _held_out_spreads(inputs, errors, folds, inputs)
    widths = spreads * np.maximum(1.0, distances / _reach(distances))
    scores = errors / widths
    halves = _quantiles(scores, folds) * widths
    return Bounds(
        scores=scores,
        covered=errors <= halves,
        lower=np.maximum(predicted - halves, np.minimum(predicted, 0)),
        upper=predicted + halves,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Rows:
    """The training rows.

    Attributes:
        scaled: As the model gets them, shape (n, 13).
        blanks: How many values of each were missing.
        target: Their prices.
        folds: The fold of each.
        towns: The fold of its town; None with too few towns.
    """

    scaled: Numbers
    blanks: Numbers
    target: Numbers
    folds: Indices
    towns: Indices | None

    @classmethod
    def of(cls, pipeline: Pipeline, dataset: Dataset, seed: int, by_town: bool) -> "_Rows":
        target = dataset.target.to_numpy()
        return cls(
            scaled=np.asarray(pipeline[:-1].transform(dataset.features), dtype=np.float64),
            blanks=dataset.features.isna().to_numpy().sum(axis=1).astype(np.float64),
            target=target,
            folds=out_of_fold.numbered(
                KFold(min(_FOLDS, len(target)), shuffle=True, random_state=seed).split(target),
                len(target),
            ),
            towns=town_folds(dataset) if by_town else None,
        )

    def inputs(self, prices: Numbers) -> Numbers:
        """Return what a spread takes, shape (n, 15)."""
        return np.column_stack([self.scaled, prices, self.blanks])


@dataclass(frozen=True, kw_only=True, eq=False)
class _Learned:
    """What the folds have shown of each row, shape (n,).

    Attributes:
        town_predicted: Its price, of the towns' folds.
        errors: How far its price was off, of the folds at random.
        inputs: What its spread is learned from, shape (n, 15).
        scores: Its error over its spread and distance.
        reach: A distance beyond this counts.
    """

    town_predicted: Numbers
    errors: Numbers
    inputs: Numbers
    scores: Numbers
    reach: float


class _XgboostSpread:
    """Small trees, whose sum is the logarithm of the error to expect."""

    def __init__(self, inputs: Numbers, errors: Numbers) -> None:
        from xgboost import XGBRegressor

        self._model = XGBRegressor(
            objective="reg:gamma", n_estimators=60, max_depth=2, learning_rate=0.1,
            min_child_weight=10, tree_method="hist", n_jobs=1, random_state=0, verbosity=0,
        )  # fmt: skip
        self._model.fit(inputs, errors)

    def usual(self, inputs: Numbers) -> Numbers:
        return np.asarray(self._model.predict(inputs), dtype=np.float64)

    def graph(self) -> Trees:
        found = models.get("xgboost").graph(self._model)
        if not isinstance(found, Trees):
            raise TypeError("the spread is no sum of trees")
        return found


class _PriceSpread:
    """The mean error of houses of about the same price."""

    def __init__(self, inputs: Numbers, errors: Numbers) -> None:
        fewest = max(1, len(errors) // (2 * _STEPS_OF_PRICE))
        model = DecisionTreeRegressor(
            max_leaf_nodes=_STEPS_OF_PRICE, min_samples_leaf=fewest, random_state=0
        )
        self._model = model.fit(inputs[:, [_PRICE]], errors)

    def usual(self, inputs: Numbers) -> Numbers:
        return np.asarray(self._model.predict(inputs[:, [_PRICE]]))

    def graph(self) -> Trees:
        (tree,) = sklearn_trees.read([self._model], weight=1.0)
        leaf = tree.left < 0
        moved = np.where(leaf, tree.feature, _PRICE)
        return Trees(
            trees=(
                Tree(
                    feature=moved, threshold=tree.threshold, left=tree.left, right=tree.right,
                    value=tree.value,
                ),
            ),
            inclusive=True,
            base=0.0,
        )  # fmt: skip


_PRICE = len(FEATURE_NAMES)


def _spread(inputs: Numbers, errors: Numbers) -> Spread:
    floor = max(_SMALLEST_ERROR * float(errors.mean()), float(np.finfo(np.float32).tiny))
    errors = np.maximum(errors, floor)
    if len(errors) < _FEW_ROWS:
        return _PriceSpread(inputs, errors)
    try:
        return _XgboostSpread(inputs, errors)
    except ValueError:
        # What XGBoost refuses; its own error is one of these.
        return _PriceSpread(inputs, errors)


def town_folds(dataset: Dataset) -> Indices | None:
    """Return folds that keep towns whole: rows that follow each other with the same columns."""
    columns = dataset.features[list(_OF_A_TOWN)].to_numpy()
    same = ((columns[1:] == columns[:-1]) | np.isnan(columns[1:] + columns[:-1])).all(axis=1)
    towns = np.concatenate([[0], np.cumsum(~same)])
    if towns[-1] + 1 < 2 * _TOWN_FOLDS:
        return None
    return out_of_fold.numbered(GroupKFold(_TOWN_FOLDS).split(columns, groups=towns), len(columns))


def _town_coverage(rows: _Rows, learned: "_Learned", known: KnownHouses, seed: int) -> float | None:
    """Return the coverage where each town is priced by what was learned from the others."""
    towns, predicted = rows.towns, learned.town_predicted
    if towns is None:
        return None
    asked = rows.inputs(predicted)
    distances = held_out_distances(known, rows.scaled, towns, seed)
    spreads = _held_out_spreads(learned.inputs, learned.errors, towns, asked)
    widths = spreads * np.maximum(1.0, distances / learned.reach)
    halves = _quantiles(learned.scores, towns) * widths
    return float((np.abs(rows.target - predicted) <= halves).mean())


def _held_out_spreads(inputs: Numbers, errors: Numbers, folds: Indices, asked: Numbers) -> Numbers:
    """Return the error to expect of each row by what the other folds tell."""
    found = np.empty(len(errors))
    for fold in np.unique(folds):
        held = folds == fold
        found[held] = _spread(inputs[~held], errors[~held]).usual(asked[held])
    return found


def _quantiles(scores: Numbers, folds: Indices, level: float = LEVEL) -> Numbers:
    """Return for each row the conformal quantile of the other folds' scores."""
    found = np.empty(len(scores))
    for fold in np.unique(folds):
        found[folds == fold] = _quantile(np.sort(scores[folds != fold]), level)
    return found


def _quantile(rising: Numbers, level: float) -> float:
    place = math.ceil((len(rising) + 1) * level - 1e-9)
    return float(rising[place - 1]) if place <= len(rising) else math.inf


def _kept(scores: Numbers, seed: int) -> Numbers:
    if len(scores) > _MOST_SCORES:
        scores = np.random.default_rng(seed).choice(scores, _MOST_SCORES, replace=False)
    return np.sort(scores)


def _reach(distances: Numbers) -> float:
    apart = distances[distances > 0]
    return float(np.quantile(apart, _REACH_LEVEL)) if len(apart) else 1.0
