from pathlib import Path

from admin.base.settings import Settings
from admin.terminal.wizard import command
from admin.tracking.client import connect
from admin.tracking.versions import versions
from tests.admin.terminal.fake_terminal import Terminal


def test_the_wizard_trains_what_was_answered(bare: Settings) -> None:
    terminal = Terminal("train", home=bare.home)
    terminal.expect("2  linear")
    terminal.expect("Number or name (4):")
    terminal.type("9\n")
    terminal.expect("There is no '9'")
    terminal.type("2\n")
    terminal.expect("alpha=0.0")
    terminal.type("alfa=1\n")
    terminal.expect("did you mean alpha?")
    terminal.type("alpha = 2\n")
    terminal.expect("v2_knn")
    terminal.type("v1_median\n")
    terminal.expect("Cross-validate?")
    terminal.type("y\n")
    terminal.expect("Folds (5):")
    terminal.type("1\n")
    terminal.expect("Give 2 or more.")
    terminal.type("2\n")
    terminal.expect("Register the result?")
    terminal.type("y\n")
    terminal.expect(
        "housing-admin train --model linear --preprocessor v1_median --params alpha=2"
        " --cv 2 --register"
    )
    terminal.expect("linear x v1_median, 506 houses, errors in thousands of USD")
    terminal.expect("Registered as version 1")
    assert terminal.end() == 0
    with connect(bare) as client:
        [version] = versions(client, bare.location)
        params = client.get_run(version.run_id).data.params
        assert (params["model.alpha"], params["cv_folds"]) == ("2", "2")


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
