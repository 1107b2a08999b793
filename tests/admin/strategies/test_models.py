import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from admin import models, preprocessing
from admin.base.errors import UsageError
from admin.strategies.graph import Linear, Trees
from admin.strategies.strategy import merge, shares
from tests.support.processes import outcome

NAMES = models.names()


def data() -> tuple[Any, Any]:
    random = np.random.default_rng(0)
    rows = random.normal(size=(80, 13))
    return rows, 20 + 5 * rows[:, 3] + rows[:, 8] ** 2


def fitted(name: str, seed: int = 0, **given: Any) -> Any:
    strategy = models.get(name)
    small = {} if name == "linear" else {"n_estimators": 10}
    return strategy.build({**strategy.defaults, **small, **given}, seed).fit(*data())


def test_the_models_are_listed_in_a_stable_order() -> None:
    assert tuple(sorted(NAMES)) == NAMES
    assert {"linear", "random_forest", "gradient_boost", "xgboost"} <= set(NAMES)


def test_listing_imports_no_library() -> None:
    code = (
        "import sys, admin.models, admin.preprocessing\n"
        "admin.models.names(), admin.preprocessing.names()\n"
        "print({'sklearn', 'xgboost', 'onnx'} & set(sys.modules))"
    )
    done = outcome([sys.executable, "-c", code], check=True)
    assert done.stdout == "set()\n"


@pytest.mark.parametrize("name", NAMES)
def test_its_defaults_are_accepted(name: str) -> None:
    strategy = models.get(name)
    assert strategy.name == name
    assert strategy.title
    assert merge(strategy, {}) == strategy.defaults


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_model(name: str) -> None:
    rows, _ = data()
    first, second = fitted(name, seed=7).predict(rows), fitted(name, seed=7).predict(rows)
    assert (first == second).all()


@pytest.mark.parametrize("name", [name for name in NAMES if name != "linear"])
def test_another_seed_gives_another_model(name: str) -> None:
    rows, _ = data()
    given = {"subsample": 0.5} if "subsample" in models.get(name).defaults else {}
    one, other = fitted(name, seed=1, **given), fitted(name, seed=2, **given)
    # Not on the rows themselves: a forest that has seen them all knows them by heart.
    assert (one.predict(rows + 0.25) != other.predict(rows + 0.25)).any()


@pytest.mark.parametrize("name", NAMES)
def test_it_uses_one_thread(name: str) -> None:
    assert fitted(name).get_params().get("n_jobs") in {None, 1}


@pytest.mark.parametrize("name", NAMES)
def test_the_importance_is_a_share_of_each_feature(name: str) -> None:
    shares = models.get(name).importance(fitted(name))
    assert shares.shape == (13,)
    assert shares.dtype == np.float64
    assert (shares >= 0).all()
    assert shares.sum() == pytest.approx(1, abs=1e-12)
    assert np.argmax(shares) == 3


def test_without_any_importance_all_features_share_it() -> None:
    model = models.get("random_forest")
    rows, prices = data()
    unlearned = model.build({**model.defaults, "n_estimators": 3}, 0).fit(rows, prices * 0)
    assert model.importance(unlearned).tolist() == [1 / 13] * 13
    assert shares([np.nan, 1.0, 3.0]).tolist() == [0.0, 0.25, 0.75]


def test_linear_is_least_squares_unless_there_is_a_penalty() -> None:
    rows, prices = data()
    columns = np.column_stack([rows, np.ones(len(rows))])
    expected = np.linalg.lstsq(columns, prices)[0]
    graph = models.get("linear").graph(fitted("linear"))
    assert isinstance(graph, Linear)
    assert [*graph.coefficients, graph.intercept] == pytest.approx(expected)
    penalised = models.get("linear").graph(fitted("linear", alpha=1000.0))
    assert isinstance(penalised, Linear)
    assert np.linalg.norm(penalised.coefficients) < np.linalg.norm(graph.coefficients) / 2


@pytest.mark.parametrize("name", [name for name in NAMES if name != "linear"])
def test_an_ensemble_has_as_many_trees_as_asked_for(name: str) -> None:
    graph = models.get(name).graph(fitted(name, n_estimators=7))
    assert isinstance(graph, Trees)
    assert len(graph.trees) == 7


def test_an_unknown_model_is_refused_with_a_guess() -> None:
    with pytest.raises(UsageError) as caught:
        models.get("xgbost")
    text = str(caught.value)
    assert text.startswith("'xgbost' is not one of the models (did you mean xgboost?)")
    assert all(name in text for name in NAMES)
    with pytest.raises(UsageError, match=r"'\.\./secret' is not one of the models; there are: "):
        models.get("../secret")


def test_an_unknown_parameter_is_refused_with_a_guess() -> None:
    strategy = models.get("gradient_boost")
    with pytest.raises(UsageError) as caught:
        merge(strategy, {"learning_rat": 0.1})
    text = str(caught.value)
    assert "gradient_boost has no parameter 'learning_rat' (did you mean learning_rate?)" in text
    assert all(name in text for name in strategy.defaults)


@pytest.mark.parametrize(
    ("name", "given", "text"),
    [
        ("linear", {"alpha": -1.0}, "alpha"),
        ("linear", {"alpha": "much"}, "alpha"),
        ("random_forest", {"n_estimators": 0}, "n_estimators"),
        ("random_forest", {"max_depth": 2.5}, "max_depth"),
        ("gradient_boost", {"subsample": 2}, "subsample"),
        ("gradient_boost", {"learning_rate": "1e-2"}, "learning_rate"),
        ("xgboost", {"learning_rate": -1}, "learning_rate"),
        ("xgboost", {"max_depth": "deep"}, "max_depth"),
        ("xgboost", {"n_estimators": 1.5}, "integer"),
        ("xgboost", {"learning_rate": float("nan")}, "learning_rate is nan"),
    ],
)
def test_a_value_that_the_library_refuses_is_a_usage_error(
    name: str, given: dict[str, object], text: str
) -> None:
    with pytest.raises(UsageError, match=f"^{name}: .*{text}") as caught:
        merge(models.get(name), given)
    assert "\n" not in str(caught.value)


def test_given_parameters_replace_defaults() -> None:
    strategy = models.get("xgboost")
    merged = merge(strategy, {"max_depth": 3})
    assert merged == {**strategy.defaults, "max_depth": 3}
    assert list(merged) == list(strategy.defaults)


@pytest.fixture
def dropped_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose files are models, too."""
    monkeypatch.setattr(models, "__path__", [*models.__path__, str(tmp_path)])
    for name in ("unfinished", "misnamed", "uninstalled", "absolute"):
        monkeypatch.delitem(sys.modules, f"admin.models.{name}", raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "code", "text"),
    [
        ("unfinished", "", "has no STRATEGY that is a ModelStrategy"),
        ("misnamed", "from .linear import STRATEGY", "is not named 'misnamed'"),
        (
            "absolute",
            "from housing_admin.models.linear import STRATEGY",
            r"files do: from \.\.strategies import ModelStrategy",
        ),
        ("uninstalled", "import no_such_library", "No module named 'no_such_library'; install"),
    ],
)
def test_a_file_without_a_strategy_is_refused(
    dropped_in: Path, name: str, code: str, text: str
) -> None:
    (dropped_in / f"{name}.py").write_text(code)
    assert name in models.names()
    with pytest.raises(UsageError, match=f"admin.models.{name}.*{text}"):
        models.get(name)


def test_a_preprocessing_is_no_model() -> None:
    assert not set(models.names()) & set(preprocessing.names())
