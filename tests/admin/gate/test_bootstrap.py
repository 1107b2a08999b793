"""How sure a difference is: right values, and right as often as it says."""

import numpy as np
import pytest
from numpy.typing import NDArray

from admin.gate import bootstrap
from admin.gate.bootstrap import Ratio

Numbers = NDArray[np.float64]
ALL = np.ones(500, dtype=bool)


def squares(seed: int, scale: float = 1.0) -> Numbers:
    return np.asarray(scale**2 * np.random.default_rng(seed).standard_normal(500) ** 2)


def ratio(ours: Numbers, theirs: Numbers) -> Ratio:
    return bootstrap.ratios(ours, theirs, {"all": ALL}, 2000, 0)["all"]


def test_the_ratio_of_a_recipe_with_itself_is_1() -> None:
    found = ratio(squares(0), squares(0))
    assert (found.value, found.lower(0.95), found.upper(0.95)) == (1, 1, 1)
    nothing = np.zeros(500)
    assert ratio(nothing, nothing).upper(0.95) == 1


def test_errors_that_are_all_larger_by_a_share_are_so_for_sure() -> None:
    found = ratio(squares(0, 1.15), squares(0))
    assert [found.value, found.lower(0.95), found.upper(0.95)] == pytest.approx([1.15] * 3)


def test_a_part_has_the_ratio_of_its_houses_alone() -> None:
    ours, theirs = squares(1), squares(2)
    part = np.arange(500) < 100
    found = bootstrap.ratios(ours, theirs, {"all": ALL, "part": part}, 1000, 0)
    wanted = np.sqrt(ours[:100].sum() / theirs[:100].sum())
    assert found["part"].value == pytest.approx(wanted)
    assert found["all"].value == pytest.approx(np.sqrt(ours.sum() / theirs.sum()))
    spread = {name: each.upper(0.95) - each.lower(0.95) for name, each in found.items()}
    assert spread["part"] > 1.5 * spread["all"]


def test_the_same_seed_gives_the_same_draws() -> None:
    one, other = (bootstrap.resampled(squares(0)[:, None], 50, 3) for _ in range(2))
    assert one.tolist() == other.tolist()
    assert bootstrap.resampled(np.ones((500, 1)), 50, 3).tolist() == [[500.0]] * 50


def test_a_bound_of_95_percent_holds_in_about_19_of_20_cases() -> None:
    random, held = np.random.default_rng(5), 0
    for _ in range(200):
        # Two recipes whose errors go together, and are of the same size in truth.
        shared = random.standard_normal(500)
        ours, theirs = (shared + random.standard_normal(500) / 2 for _ in range(2))
        found = bootstrap.ratios(ours**2, theirs**2, {"all": ALL}, 500, 0)["all"]
        held += found.upper(0.95) >= 1
    assert 0.90 <= held / 200 <= 0.99


def test_several_parts_are_named_only_as_surely_as_one() -> None:
    draws = {
        "far above": np.linspace(1.3, 1.5, 1000),
        # Above the limit in 97 % of the draws: enough for the last one, not for one of three.
        "just above": np.linspace(1.15 - 0.003, 1.15 + 0.097, 1000),
        "below": np.linspace(0.9, 1.1, 1000),
    }
    found = {name: Ratio(value=1.0, draws=each) for name, each in draws.items()}
    assert list(bootstrap.surely_above(found, 1.15, 0.95)) == ["far above"]
    alone = {"just above": found["just above"]}
    assert bootstrap.surely_above(alone, 1.15, 0.95)["just above"] == pytest.approx(1.152, abs=1e-3)
    assert bootstrap.surely_above({}, 1.15, 0.95) == {}
