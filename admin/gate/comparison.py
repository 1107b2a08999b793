"""Cross-validates two recipes on the same folds, several times over."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.model_selection import KFold

from ..data.dataset import Dataset
from ..training import intervals, known_houses, out_of_fold
from ..training.out_of_fold import Fits
from ..training.pipeline import pipeline_of
from ..training.spec import TrainingSpec
from .policy import Policy

Numbers = NDArray[np.float64]

STEPS = 2 * out_of_fold.STEPS
"""How many steps `compare` announces, at most."""


@dataclass(frozen=True, kw_only=True, eq=False)
class HeldOut:
    """How a recipe did on houses that it was not fitted to, in the mean over the repeats.

    Attributes:
        squares: Square error of each house, shape (n,).
        covered: Share of the repeats in which its price was within bounds, shape (n,).
        width: Mean width of the bounds, in the target's unit.
    """

    squares: Numbers
    covered: Numbers
    width: float

    @property
    def rmse(self) -> float:
        """Root of the mean square error, in the target's unit."""
        return float(np.sqrt(self.squares.mean()))


@dataclass(frozen=True, kw_only=True, eq=False)
class Compared:
    """Two recipes on the same houses and the same folds.

    Attributes:
        candidate: The one that is to be promoted.
        champion: The one that is.
        dataset: The houses.
    """

    candidate: HeldOut
    champion: HeldOut
    dataset: Dataset


def compare(
    candidate: TrainingSpec,
    champion: TrainingSpec,
    dataset: Dataset,
    policy: Policy,
    step: Callable[[str], None] = lambda _: None,
    *,
    fits: Fits = out_of_fold.in_threads,
) -> Compared:
    """Measure two recipes on the same folds.

    Args:
        candidate: With every hyperparameter.
        champion: Likewise; where the two are the same, it is fitted once.
        dataset: The houses, which both get.
        policy: Says how many folds and repeats.
        step: Called with what begins.
        fits: Where they are fitted.
    """
    same = _recipe(candidate) == _recipe(champion)
    first = measure(candidate, dataset, policy, lambda what: step(f"candidate: {what}"), fits=fits)
    second = (
        first
        if same
        else measure(champion, dataset, policy, lambda what: step(f"champion: {what}"), fits=fits)
    )
    return Compared(candidate=first, champion=second, dataset=dataset)


def measure(
    spec: TrainingSpec,
    dataset: Dataset,
    policy: Policy,
    step: Callable[[str], None] = lambda _: None,
    *,
    fits: Fits = out_of_fold.in_threads,
) -> HeldOut:
    """Fit a recipe without each fold of each repeat, and price the houses of the fold.

    Args:
        spec: With every hyperparameter.
        dataset: The houses.
        policy: Says how many folds and repeats, and which.
        step: Called with what begins.
        fits: Where it is fitted.
    """
    pipeline, target = pipeline_of(spec), dataset.target.to_numpy()
    folds = _folds(len(target), policy)
    prices = out_of_fold.prices(pipeline, dataset, folds, step, fits)
    scaled = np.asarray(clone(pipeline[:-1]).fit_transform(dataset.features), dtype=np.float64)
    blanks = dataset.features.isna().to_numpy().sum(axis=1)
    _, distances = known_houses.learn(scaled, keep_rows=spec.neighbours, seed=spec.seed)
    bounds = [
        intervals.bounds(np.column_stack([scaled, found, blanks]), target, each, distances)
        for found, each in zip(prices, folds, strict=True)
    ]
    return HeldOut(
        squares=np.mean([(found - target) ** 2 for found in prices], axis=0),
        covered=np.mean([each.covered for each in bounds], axis=0),
        width=float(np.mean([each.upper - each.lower for each in bounds])),
    )


def _folds(rows: int, policy: Policy) -> list[NDArray[np.int64]]:
    return [
        out_of_fold.numbered(
            KFold(
                min(policy.comparison_folds, rows),
                shuffle=True,
                random_state=(policy.comparison_seed + repeat) % 2**32,
            ).split(np.empty(rows)),
            rows,
        )
        for repeat in range(policy.comparison_repeats)
    ]


def _recipe(spec: TrainingSpec) -> TrainingSpec:
    """Return what decides a fit, and nothing else."""
    return replace(
        spec, accept=(), target_unit=None, cv=None, test_size=0.0, bundle_format=0, neighbours=True
    )
