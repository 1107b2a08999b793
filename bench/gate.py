"""How often `gate` is right: a recipe against itself with another seed, and against a worse one.

`python -m bench gate` takes 100 gates between XGBoost models as they are shipped, and records what
it finds; `python -m bench.gate PAIRS [NAME=VALUE,...]` ten gates for each of as many pairs of
seeds, of other models. What is worse is the same recipe with fewer trees: as few as leave its RMSE,
over other splits than those of the gates, at most 15 % larger. So it errs as a real recipe does,
and is found a little less easily than one of 15 %.

A gate with the seed s of the splits takes the cross-validations s, s + 1 and so on; ten gates in a
row, of the same two recipes, need each but once, and so they are not independent of each other: the
pairs are. Speed, size and schema are not looked at, as the rules for them know no chance. Beside it
stands how often one split picks the worse of two models.
"""

import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from multiprocessing import get_context

import numpy as np

from admin.base import parameters
from admin.data import dataset
from admin.data.dataset import Dataset
from admin.gate import comparison, policy, recipe_rules
from admin.gate.comparison import Compared, HeldOut
from admin.gate.evidence import Verdict
from admin.gate.policy import Policy
from admin.training.pipeline import complete
from admin.training.spec import TrainingSpec
from bench import results, single_split
from bench.accuracy import DATA
from bench.results import Figure

PAIRS, IN_A_ROW = 10, 10
MORE = 0.15
MOST_FALSE = 0.05
LEAST_FOUND = 0.95
_TREES = "n_estimators"
_PROCESSES = 2
_SHIPPED = ("xgboost", "gradient_boost", "random_forest")

Said = tuple[str, float, list[str]]
"""What a recipe was held against, the ratio of the RMSE, and the rules that refuse, with how."""


def main(arguments: Sequence[str] = ()) -> bool:
    """Counts refusals; returns whether they are as seldom, and as often, as they have to be.

    Args:
        arguments: How many pairs, and parameters of the model; nothing is recorded then.
    """
    pairs = int(arguments[0]) if arguments else PAIRS
    params = parameters.parse(arguments[1], "params") if len(arguments) > 1 else {}
    houses = dataset.load(DATA)
    spec = complete(TrainingSpec(preprocessing="v1_median", params=params, data=DATA))
    weak = weaker(spec, houses)
    print(f"{weak.params[_TREES]} of {spec.params[_TREES]} trees are the worse recipe")
    # Each fits on all cores, but what comes after the fits takes one.
    with ProcessPoolExecutor(_PROCESSES, mp_context=get_context("spawn")) as pool:
        figures = _splits(pool, spec, weak, houses) | _gates(pool, spec, weak, houses, pairs)
    for name, figure in figures.items():
        print(f"{name}: {figure.value:.3f}")
    if not arguments:
        results.record("gate", figures)
    false, found = (figures[f"refused, {name}"].value for name in ("itself", "worse"))
    return false <= MOST_FALSE and found >= LEAST_FOUND


def weaker(spec: TrainingSpec, houses: Dataset) -> TrainingSpec:
    """Returns the recipe with as few trees as leave its RMSE at most 15 % larger."""
    squares = single_split.mean_squares(spec, houses)
    most = int(spec.params[_TREES])
    least = 1
    while least < most:
        middle = (least + most) // 2
        found = single_split.mean_squares(_with_trees(spec, middle), houses)
        if single_split.ratio(found, squares) > 1 + MORE:
            least = middle + 1
        else:
            most = middle
    return _with_trees(spec, most)


def _with_trees(spec: TrainingSpec, trees: int) -> TrainingSpec:
    return replace(spec, params={**spec.params, _TREES: trees})


def _gates(
    pool: Executor, spec: TrainingSpec, weak: TrainingSpec, houses: Dataset, pairs: int
) -> dict[str, Figure]:
    refused: Counter[str] = Counter()
    ratios: dict[str, list[float]] = {}
    for said in pool.map(partial(_gates_of_a_pair, spec, weak, houses), range(pairs)):
        for name, ratio, against in said:
            ratios.setdefault(name, []).append(ratio)
            refused[name] += bool(against)
            refused.update(f"{name}: {each}" for each in against)
        means = {name: round(sum(found) / len(found), 4) for name, found in ratios.items()}
        print(f"ratios in the mean {means}, refused {dict(refused)}", flush=True)
    figures = {"gates": Figure(value=pairs * IN_A_ROW)}
    for name, found in ratios.items():
        figures[f"refused, {name}"] = Figure(value=refused[name] / len(found))
        mean = sum(found) / len(found)
        figures[f"ratio, {name}"] = Figure(value=mean, low=min(found), high=max(found))
    return figures


def _gates_of_a_pair(
    spec: TrainingSpec, weak: TrainingSpec, houses: Dataset, number: int
) -> list[Said]:
    rules, start = policy.load(), 1000 * number
    repeats = rules.comparison_repeats

    def each_repeat(recipe: TrainingSpec) -> list[HeldOut]:
        return [
            comparison.measure(
                recipe, houses, replace(rules, comparison_repeats=1, comparison_seed=seed)
            )
            for seed in range(start, start + IN_A_ROW + repeats - 1)
        ]

    champion = each_repeat(replace(spec, seed=2 * number))
    seed, found = 2 * number + 1, []
    for name, recipe in (("itself", spec), ("worse", weak)):
        candidate = each_repeat(replace(recipe, seed=seed))
        for gate in range(IN_A_ROW):
            ours, theirs = (_mean(each[gate : gate + repeats]) for each in (candidate, champion))
            compared = Compared(candidate=ours, champion=theirs, dataset=houses)
            now = replace(rules, comparison_seed=start + gate)
            found.append((name, *_said(compared, now)))
    return found


def _mean(repeats: Sequence[HeldOut]) -> HeldOut:
    """Returns what one measurement of all these repeats gives."""
    return HeldOut(
        squares=np.mean([each.squares for each in repeats], axis=0),
        covered=np.mean([each.covered for each in repeats], axis=0),
        width=float(np.mean([each.width for each in repeats])),
    )


def _said(compared: Compared, rules: Policy) -> tuple[float, list[str]]:
    found = recipe_rules.findings(compared, rules, has_intervals=True)
    against = [f"{each.rule} {each.verdict}" for each in found if each.verdict != Verdict.PASS]
    return found[0].figures["ratio"], against


def _splits(
    pool: Executor, spec: TrainingSpec, weak: TrainingSpec, houses: Dataset
) -> dict[str, Figure]:
    """Returns how often one split picks the worse model: of the shipped ones, and of these two."""
    shipped = [complete(TrainingSpec(model=model, data=DATA)) for model in _SHIPPED]
    found = pool.map(partial(single_split.mean_squares, houses=houses), [*shipped, spec, weak])
    best, boosted, forest, small, less = found
    pairs = {
        "xgboost and gradient_boost": (best, boosted),
        "xgboost and random_forest": (best, forest),
        "the two recipes": (small, less),
    }
    figures = {"RMSE of one split, deviation": Figure(value=single_split.spread(best))}
    for name, (one, other) in pairs.items():
        figures[f"ratio, {name}"] = Figure(value=single_split.ratio(other, one))
        figures[f"one split is wrong, {name}"] = Figure(value=single_split.wrong(one, other))
    for name, figure in figures.items():
        print(f"{name}: {figure.value:.3f}", flush=True)
    return figures


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1:]) else 1)
