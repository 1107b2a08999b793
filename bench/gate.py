"""How often `gate` is right: a recipe against itself with another seed, and against a worse one.

`python -m bench gate` takes 100 splits of small XGBoost models, and records what it finds;
`python -m bench.gate SPLITS [NAME=VALUE,...]` as many as are named, of other ones. Each gate has
folds, resamples and seeds of its own. What is worse has 15 % more RMSE: the same errors, made
larger on each house by a share that is its own. Speed, size and schema are not looked at, as the
rules for them know no chance.
"""

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from admin.base import parameters
from admin.data import dataset
from admin.gate import comparison, policy, recipe_rules
from admin.gate.comparison import Compared
from admin.gate.evidence import Verdict
from admin.gate.policy import Policy
from admin.training.pipeline import complete
from admin.training.spec import TrainingSpec
from bench import results
from bench.accuracy import DATA
from bench.results import Figure

PARAMS = "n_estimators=60,learning_rate=0.2"
SPLITS = 100
MORE = 0.15
# How unequally errors grow: the logarithm of a house's share has this standard deviation.
UNEQUALLY = 0.5
MOST_FALSE = 0.05
LEAST_FOUND = 0.95


def main(arguments: Sequence[str] = ()) -> bool:
    """Counts refusals; returns whether they are as seldom, and as often, as they have to be.

    Args:
        arguments: How many splits, and parameters of the model; nothing is recorded then.
    """
    splits = int(arguments[0]) if arguments else SPLITS
    params = parameters.parse(arguments[1] if len(arguments) > 1 else PARAMS, "params")
    houses, rules = dataset.load(DATA), policy.load()
    spec = TrainingSpec(preprocessing="v1_median", params=params, data=DATA)
    refused: Counter[str] = Counter()
    ratios = []
    for split in range(splits):
        now = replace(rules, comparison_seed=1000 * split)
        one, other = (complete(replace(spec, seed=2 * split + each)) for each in (0, 1))
        compared = comparison.compare(one, other, houses, now)
        ratios.append(_refusals(compared, now, "itself", refused))
        _refusals(_worse(compared, split), now, "worse", refused)
        print(f"{split + 1}: ratio {ratios[-1]:.3f}; refused {dict(refused)}", flush=True)
    false, found = (refused[name] / splits for name in ("itself", "worse"))
    figures = {
        "refused against itself": Figure(value=false),
        "refused with 15 % more RMSE": Figure(value=found),
        "ratio of itself": Figure(value=1.0, low=min(ratios), high=max(ratios)),
    }
    for name, figure in figures.items():
        print(f"{name}: {figure.value:.2f}")
    if not arguments:
        results.record("gate", figures)
    return false <= MOST_FALSE and found >= LEAST_FOUND


def _refusals(compared: Compared, rules: Policy, name: str, refused: Counter[str]) -> float:
    found = recipe_rules.findings(compared, rules, has_intervals=True)
    said = {finding.rule: finding.verdict for finding in found}
    against = [rule for rule, verdict in said.items() if verdict != Verdict.PASS]
    refused[name] += bool(against)
    refused.update(f"{name}: {rule}" for rule in against)
    return found[0].figures["ratio"]


def _worse(compared: Compared, seed: int) -> Compared:
    theirs = compared.champion
    shares = np.random.default_rng(seed).lognormal(sigma=UNEQUALLY, size=len(theirs.squares))
    squares = compared.candidate.squares * shares
    squares *= (1 + MORE) ** 2 * theirs.squares.mean() / squares.mean()
    return replace(compared, candidate=replace(compared.candidate, squares=squares))


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1:]) else 1)
