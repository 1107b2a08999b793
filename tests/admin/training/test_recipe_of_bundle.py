"""How a bundle was trained, from what it says of itself."""

from dataclasses import replace
from pathlib import Path

import pytest

from admin.tracking.run_log import spec_params
from admin.training.pipeline import complete
from admin.training.recipe_of_bundle import UnknownRecipeError, accepted, recipe_of
from admin.training.spec import TrainingSpec

DATA = Path("houses.csv")
SPEC = complete(
    TrainingSpec(
        model="xgboost",
        params={"n_estimators": 20, "learning_rate": 0.2},
        preprocessing="v2_knn",
        preprocessing_params={"n_neighbors": 3},
        accept=("RM",),
        neighbours=False,
        seed=7,
        data=DATA,
    )
)


def test_it_is_the_one_that_was_trained() -> None:
    assert recipe_of(spec_params(SPEC), DATA) == SPEC
    plain = complete(TrainingSpec(model="linear", data=DATA))
    assert recipe_of(spec_params(plain), DATA) == replace(plain, cv=None)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"model": None}, "does not say how it was trained"),
        ({"seed": "7"}, "does not say how it was trained"),
        ({"model": "forest_of_old"}, "its recipe cannot be trained here: .*forest_of_old"),
        ({"model.depth_of_old": 3}, "its recipe cannot be trained here: .*depth_of_old"),
        ({"accept": "COLOUR"}, "its recipe cannot be trained here: .*COLOUR"),
        ({"model.n_estimators": 10**9}, "n_estimators=1000000000, and at most 10,000 are trained"),
        ({"preprocessing.max_iter": 1e300}, "max_iter=1e.300, and at most 10,000 are trained"),
    ],
)
def test_one_that_cannot_be_trained_any_more(change: dict[str, object], complaint: str) -> None:
    with pytest.raises(UnknownRecipeError, match=complaint):
        recipe_of({**spec_params(SPEC), **change}, DATA)


@pytest.mark.parametrize("names", ["RM,HEIGHT", "", "RM," * 200_000, "\x1b[2J"])
def test_columns_that_a_bundle_accepts_are_columns(names: str) -> None:
    with pytest.raises(UnknownRecipeError):
        accepted({"accept": names})
