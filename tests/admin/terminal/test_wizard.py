from pathlib import Path
from types import ModuleType

import pytest

from admin import models, preprocessing
from admin.base.parameters import parse
from admin.base.settings import Settings
from admin.strategies.strategy import example, merge
from admin.terminal.wizard import command
from admin.tracking.connection import connect
from tests.admin.terminal.fake_terminal import Terminal


def test_the_wizard_trains_what_was_answered(bare: Settings) -> None:
    terminal = Terminal("train", home=bare.home)
    terminal.expect("- empties it, ? explains, < goes back")
    terminal.expect("2  linear          weighted sum; ")
    terminal.expect("Number or name (xgboost):")
    terminal.type("<\n")
    terminal.expect("This is the first question.")
    terminal.type("9\n")
    terminal.expect("There is no '9'; give a number from 1 to 4, or a name.")
    terminal.type("Random\n")
    terminal.expect("There is no 'Random' (did you mean random_forest?); give")
    terminal.type("Linaer\n")
    terminal.expect("There is no 'Linaer' (did you mean linear?)")
    terminal.type("?\n")
    terminal.expect("take the default")
    terminal.type("2\n")
    terminal.expect("alpha=0.0")
    terminal.type("alfa=1\n")
    terminal.expect("did you mean alpha?")
    terminal.type("alpha = 2\n")
    terminal.expect("v2_knn")
    terminal.type("v1_median\n")
    terminal.expect("0 for none (5):")
    terminal.type("1\n")
    terminal.expect("Give 0, or 2 or more.")
    terminal.type("2\n")
    terminal.expect("Keep houses of the data out of the bundle?")
    terminal.type("<\n")
    terminal.expect("0 for none (2):")
    terminal.type("back\n")
    terminal.expect("Number or name (v1_median):")
    terminal.type("\n")
    terminal.expect("0 for none (2):")
    terminal.type("\n")
    terminal.expect("out of the bundle? (yes or no) (no):")
    terminal.type("none\n")
    terminal.expect("Give yes or no.")
    terminal.type("yes\n")
    terminal.expect("Register the result? (yes or no) (no):")
    terminal.type("maybe\n")
    terminal.expect("Give yes or no.")
    terminal.type("Y\n")
    terminal.expect(
        "housing-admin train --model linear --preprocessor v1_median --params alpha=2"
        " --cv 2 --no_neighbours --register"
    )
    terminal.expect("linear x v1_median, 506 houses, errors in thousands of USD")
    terminal.expect("Registered as version 1")
    assert terminal.end() == 0
    with connect(bare) as client:
        [version] = client.versions(bare.location.model_name)
        params = client.get_run(version.run_id).data.params
        assert (params["model.alpha"], params["cv_folds"]) == ("2", "2")
        assert params["no_neighbours"] == "True"


def test_leaving_the_wizard_trains_nothing(bare: Settings) -> None:
    for key in ("\x03", "\x04"):
        terminal = Terminal("train", home=bare.home)
        terminal.expect("Number or name")
        assert terminal.leave(key) == 130
        assert "interrupted\n" in terminal.text
        assert "Traceback" not in terminal.text
    assert not (bare.home / "artifacts").exists()


def test_with_a_flag_nothing_is_asked(tmp_path: Path) -> None:
    terminal = Terminal("train", "--cv", "x", home=tmp_path)
    assert terminal.end() == 2
    assert terminal.text == "error: --cv: 'x' is not right; give a whole number from 2\n"


def test_the_same_can_be_typed() -> None:
    flags = {"model": "linear", "params": "a=1 b", "cv": None, "register": "True"}
    assert command(flags) == "housing-admin train --model linear --params 'a=1 b' --register"


def test_another_choice_forgets_what_followed_from_the_first(bare: Settings) -> None:
    terminal = Terminal("train", home=bare.home)
    terminal.expect("Number or name (xgboost):")
    terminal.type("gradient_boost\n")
    terminal.expect("Change some, such as n_estimators=1200:")
    terminal.type("n_estimators=1200\n")
    terminal.expect("Number or name (v2_knn):")
    terminal.type("<\n")
    terminal.expect("(n_estimators=1200):")
    terminal.type("-\n")
    terminal.expect("Number or name (v2_knn):")
    terminal.type("<\n")
    # Emptied, and so without a default.
    terminal.expect("Change some, such as n_estimators=1200: ")
    terminal.type("<\n")
    terminal.expect("Number or name (gradient_boost):")
    # Where something has to be chosen, it is no answer.
    terminal.type("-\n")
    terminal.expect("There is no '-'")
    terminal.type("linear\n")
    terminal.expect("Change some, such as alpha=1:")
    assert terminal.leave("\x03") == 130


STRATEGIES = [
    *(pytest.param(models, name, id=name) for name in models.names()),
    *(pytest.param(preprocessing, name, id=name) for name in preprocessing.names()),
]


@pytest.mark.parametrize(("package", "name"), STRATEGIES)
def test_each_example_works_when_it_is_typed(package: ModuleType, name: str) -> None:
    strategy = package.get(name)
    assert 0 < len(strategy.summary) < 60
    typed = example(strategy)
    if strategy.defaults:
        changed = merge(strategy, parse(typed, "parameters"))
        assert changed != strategy.defaults
    else:
        assert typed == ""
