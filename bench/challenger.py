"""How soon outcomes decide between two models, and how often they do so without a reason.

Prices are out-of-fold ones of real recipes on the shipped data, so that errors are those of houses
that a model has not seen. Outcomes are drawn from them, one after the other, and the verdict is
looked at after each, from the first look on, up to 20,000. Paired is what a shadow allows: both
models have priced each house. Of a split, half the houses each, the loss of one is known of each;
that of all houses before is subtracted from it, which leaves the difference as it is.

Without a difference are the same pairs of models, where for each outcome a coin says which of the
two is called the challenger. Nothing here depends on the machine.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import KFold, cross_val_predict

from admin import models, preprocessing
from admin.data import dataset
from admin.data.dataset import Dataset
from admin.training.pipeline import build_pipeline
from bench import results
from bench.accuracy import DATA
from bench.results import Figure
from housing_grpc.challenger.verdict import FIRST_LOOK, reach

RUNS, LABELS, QUIET_RUNS = 200, 20_000, 400
MOST_FALSE = 28
# Fewer and shallower trees: an RMSE some 17 % larger.
SMALL = {"n_estimators": 80, "max_depth": 2, "learning_rate": 0.1}
CHALLENGERS: Mapping[str, tuple[str, Mapping[str, object]]] = {
    "linear": ("linear", {}),
    "small xgboost": ("xgboost", SMALL),
    "random_forest": ("random_forest", {}),
    "gradient_boost": ("gradient_boost", {}),
}
_FOLDS = 10
_TOGETHER = 50

Numbers = NDArray[np.float64]


def main() -> bool:
    """Prints the figures and records them; returns whether false verdicts are as seldom as told."""
    houses, random = dataset.load(DATA), np.random.default_rng(0)
    champion = _squares(houses, "xgboost", {})
    figures: dict[str, Figure] = {}
    false = []
    for name, (model, params) in CHALLENGERS.items():
        other = _squares(houses, model, params)
        difference = other - champion
        figures[f"{name}: difference"] = Figure(value=float(difference.mean()))
        figures |= _told(f"{name}: paired", _labels(random, difference))
        figures |= _told(f"{name}: split", _labels_of_split(random, champion, other))
        quiet = [
            np.isfinite(_first(_flipped(random, difference, QUIET_RUNS // _TOGETHER)))
            for _ in range(_TOGETHER)
        ]
        false.append(int(np.concatenate(quiet).sum()))
        figures[f"{name}: false verdicts"] = Figure(value=false[-1], unit=f"of {QUIET_RUNS}")
    results.tell("challenger", figures)
    return max(false) <= MOST_FALSE


def _squares(houses: Dataset, model: str, params: Mapping[str, object]) -> Numbers:
    """Returns the squared error of each house, by a model that has not seen it."""
    chosen, filling = models.get(model), preprocessing.get("v2_knn")
    pipeline = build_pipeline(
        chosen, {**chosen.defaults, **params}, filling, dict(filling.defaults), seed=42
    )
    folds = KFold(_FOLDS, shuffle=True, random_state=0)
    prices = cross_val_predict(pipeline, houses.features, houses.target, cv=folds)
    found: Numbers = np.square(np.asarray(prices, dtype=np.float64) - houses.target.to_numpy())
    return found


def _labels(random: np.random.Generator, difference: Numbers) -> Numbers:
    return np.concatenate(
        [_first(random.choice(difference, (RUNS // _TOGETHER, LABELS))) for _ in range(_TOGETHER)]
    )


def _labels_of_split(
    random: np.random.Generator, champion: Numbers, challenger: Numbers
) -> Numbers:
    found = []
    for _ in range(_TOGETHER):
        places = random.integers(len(champion), size=(RUNS // _TOGETHER, LABELS))
        answered = random.random(places.shape) < 0.5
        losses = np.where(answered, challenger[places], champion[places])
        before = np.cumsum(losses, axis=1) - losses
        usual = before / np.maximum(np.arange(LABELS), 1)
        found.append(_first(2 * np.where(answered, 1, -1) * (losses - usual)))
    return np.concatenate(found)


def _flipped(random: np.random.Generator, difference: Numbers, runs: int) -> Numbers:
    drawn = random.choice(difference, (runs, LABELS))
    found: Numbers = drawn * random.choice([-1, 1], drawn.shape)
    return found


def _first(numbers: Numbers) -> Numbers:
    """Returns after which number each run, a row, has a verdict; infinity for none."""
    count = np.arange(1, numbers.shape[1] + 1, dtype=np.float64)
    mean = np.cumsum(numbers, axis=1) / count
    variance = np.maximum(np.cumsum(numbers**2, axis=1) / count - mean**2, 0)
    decided = np.abs(mean) > np.asarray(reach(count, variance))
    decided[:, : FIRST_LOOK - 1] = False
    return np.where(decided.any(axis=1), decided.argmax(axis=1) + 1.0, np.inf)


def _told(name: str, labels: Numbers) -> dict[str, Figure]:
    decided = np.isfinite(labels)
    figures = {f"{name}, decided": Figure(value=100 * float(decided.mean()), unit="%")}
    if decided.mean() > 0.5:
        low, middle, high = np.quantile(labels, [0.25, 0.5, 0.75], method="lower")
        ends = {"low": float(low)} | ({"high": float(high)} if np.isfinite(high) else {})
        figures[name] = Figure(value=float(middle), unit="labels", **ends)
    return figures
