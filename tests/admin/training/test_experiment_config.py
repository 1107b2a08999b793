import json
from pathlib import Path
from typing import Any

import pytest

from admin.base.errors import UsageError
from admin.commands import train
from admin.training import experiment_config
from admin.training.experiment_config import ExperimentConfig

ROOT = Path(__file__).parents[3]


def read(folder: Path, text: str) -> ExperimentConfig:
    file = folder / "grid.yaml"
    file.write_text(text)
    return experiment_config.load(file)


def test_every_combination_is_trained(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        """
data: houses.csv
accept: rm, price
cv: 3
seed: 7
test_size: 0.3
models:
  linear:
  gradient_boost: {learning_rate: [0.03, 1e-1], max_depth: 3}
preprocessors:
  v1_median:
  v2_knn: {n_neighbors: [3, 5]}
""",
    )
    assert found.name == "grid"
    shared = {(each.data, each.accept, each.cv, each.seed, each.test_size) for each in found.specs}
    assert shared == {(Path("houses.csv"), ("RM", "MEDV"), 3, 7, 0.3)}
    expected: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
        (model, params, filling, filling_params)
        for model, params in (
            ("linear", {}),
            ("gradient_boost", {"learning_rate": 0.03, "max_depth": 3}),
            ("gradient_boost", {"learning_rate": 0.1, "max_depth": 3}),
        )
        for filling, filling_params in (
            ("v1_median", {}),
            ("v2_knn", {"n_neighbors": 3}),
            ("v2_knn", {"n_neighbors": 5}),
        )
    ]
    assert [
        (each.model, each.params, each.preprocessing, each.preprocessing_params)
        for each in found.specs
    ] == expected


def test_lists_of_names_are_enough(tmp_path: Path) -> None:
    found = read(tmp_path, "models: [linear]\npreprocessors: v1_median\n")
    assert [each.title for each in found.specs] == ["linear x v1_median"]
    assert found.specs[0].cv == 5
    assert found.specs[0].neighbours


@pytest.mark.parametrize(("typed", "kept"), [("true", False), ("false", True), ("", True)])
def test_houses_are_kept_out_of_the_bundle(tmp_path: Path, typed: str, kept: bool) -> None:
    grid = "models: [linear, xgboost]\npreprocessors: v1_median\n"
    found = read(tmp_path, f"no_neighbours: {typed}\n{grid}")
    assert {each.neighbours for each in found.specs} == {kept}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "it holds no keys; it needs models and preprocessors"),
        ("models: [linear", "line 1: expected ',' or ']'"),
        ("model: [linear]", "'model' is no key (did you mean models?)"),
        ("models: [linear]", "preprocessors names nothing to try; list some of: v1_median"),
        ("models: {}\npreprocessors: [v1_median]", "models names nothing to try"),
        ("models: [lineer]\npreprocessors: [v1_median]", "models: 'lineer' is not one of"),
        (
            "models: {linear: {alfa: 1}}\npreprocessors: [v1_median]",
            "models.linear.alfa is no parameter (did you mean alpha?); there are: alpha",
        ),
        (
            "models: {linear: {alpha: {a: 1}}}\npreprocessors: [v1_median]",
            "models.linear.alpha is {'a': 1}; give a value or a list",
        ),
        ("models: {linear: 3}\npreprocessors: [v1_median]", "models.linear is 3; give parameters"),
        ("cv: 1\nmodels: [linear]\npreprocessors: [v1_median]", "cv is 1; give 2 or more"),
        ("cv: true\nmodels: [linear]\npreprocessors: [v1_median]", "cv is True; give a whole"),
        (
            "seed: -1\nmodels: [linear]\npreprocessors: [v1_median]",
            "seed is -1; give a whole number from 0 to 2147483647",
        ),
        ("test_size: 1\nmodels: [linear]\npreprocessors: [v1_median]", "test_size is 1.0; give"),
        (
            "no_neighbours: 1\nmodels: [linear]\npreprocessors: [v1_median]",
            "no_neighbours is 1; give true or false",
        ),
        (
            "no_neighbors: true\nmodels: [linear]\npreprocessors: [v1_median]",
            "'no_neighbors' is no key (did you mean no_neighbours?)",
        ),
        ("data: 3\nmodels: [linear]\npreprocessors: [v1_median]", "data is 3; give a text"),
    ],
)
def test_a_wrong_key_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path}/grid.yaml:")
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no such file"):
        experiment_config.load(tmp_path / "none.yaml")


@pytest.mark.parametrize("name", ["default", "quick"])
def test_the_shipped_experiments_can_be_read(name: str) -> None:
    found = experiment_config.load(ROOT / "experiments" / f"{name}.yaml")
    assert {each.model for each in found.specs} == {
        "gradient_boost",
        "linear",
        "random_forest",
        "xgboost",
    }


@pytest.mark.parametrize("unit", ["x" * 256, "EUR\u202e", "EUR\a"])
def test_a_unit_that_no_bundle_holds_is_refused_before_the_training(
    tmp_path: Path, unit: str
) -> None:
    told = "target_unit: a text has at most 255 characters, all of which can be shown"
    text = f"target_unit: {json.dumps(unit)}\nmodels: {{linear: }}\n"
    with pytest.raises(UsageError, match=f"grid.yaml: {told}"):
        read(tmp_path, text)
    with pytest.raises(UsageError, match=f"^--{told}"):
        train.spec_of(target_unit=unit)
    assert train.spec_of(target_unit="x" * 255).target_unit == "x" * 255
