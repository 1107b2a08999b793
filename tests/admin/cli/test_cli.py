import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from admin.base.settings import Settings
from admin.command_list import CommandList
from tests.admin.terminal.fake_terminal import ROOT, Terminal, admin, environment_of
from tests.support.commands import Say
from tests.support.processes import outcome

COMMANDS = [name for name in vars(CommandList) if not name.startswith("_")]
HEAVY = ("grpc", "matplotlib", "mlflow", "numpy", "pandas", "rich", "sklearn", "xgboost", "yaml")


def test_the_help_names_every_command() -> None:
    done = admin(Path("unused"), "--help", PAGER="false")
    assert (done.returncode, done.stderr) == (0, "")
    for name in COMMANDS:
        assert re.search(rf"^ +{name}$", done.stdout, re.MULTILINE), name
    assert admin(Path("unused")).stdout == done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, say: Say) -> None:
    help_text = say(name, "--help").out
    assert help_text.startswith(f"NAME\n    housing-admin {name} - ")
    for noise in ("FIRE_METADATA", "Default: None", "Type: "):
        assert noise not in help_text
    assert say(name, "-h").out == help_text


def test_the_help_is_not_paged(tmp_path: Path) -> None:
    terminal = Terminal("train", "--help", home=tmp_path, PAGER="sleep 600;")
    assert terminal.end() == 0
    assert "--preprocessor_params" in terminal.text


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["train", "--cv", "x"]])
def test_nothing_heavy_is_imported_before_it_is_needed(arguments: list[str]) -> None:
    code = (
        "import sys; from admin.cli import main; code = main(sys.argv[2:]);"
        "print(sorted(set(sys.argv[1].split()) & set(sys.modules)), file=sys.stderr)"
    )
    done = outcome(
        [sys.executable, "-c", code, " ".join(HEAVY), *arguments],
        env=environment_of(Path("unused")),
        check=True,
    )
    assert done.stderr.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (["tarin"], 2, "there is no command 'tarin' (did you mean train?); there are: train,"),
        (["Predict"], 2, "there is no command 'Predict' (did you mean predict?); there are:"),
        (["x"], 2, "there is no command 'x'; there are: train, experiment,"),
        (["train", "--modle", "x"], 2, "does not take --modle (did you mean --model?); see: hou"),
        (["train", "--test-sise=1"], 2, "does not take --test-sise=1 (did you mean --test_size?)"),
        (["predict", "RM=6.5"], 2, "predict does not take RM=6.5 (did you mean --RM?); see: hou"),
        (["runs", "--q"], 2, "runs does not take --q; see: housing-admin runs"),
        (["train", "extra"], 2, "train does not take extra"),
        (["train", "--", "--trace"], 2, "train does not take --; see: housing-admin train --help"),
        (["models", "--", "--completion"], 2, "models does not take --; see: housing-admin models"),
        (["models", "--", "--interactive"], 2, "models does not take --"),
        (["--", "--completion"], 2, "housing-admin does not take --; see: housing-admin --help"),
        (["train", "--model", "linear", "-"], 2, "train does not take -; see"),
        (["models", "__class__"], 2, "models does not take __class__"),
        (["train", "--model"], 2, "--model needs a value"),
        (["train", "--accept", "RM,ROOMS"], 2, "--accept: 'ROOMS' is no column; there are CRIM"),
        (["seed", "--accept"], 2, "--accept needs a value"),
        (["train", "--seed", "-1"], 2, "--seed: '-1' is not right"),
        (["train", "--params", "x"], 2, "--params: 'x' is not NAME=VALUE"),
        (["train", "--register", "yes"], 2, "--register takes no value"),
        (["train", "--json", "yes"], 2, "--json takes no value"),
        (["train", "--json="], 2, "--json takes no value, but --json= gives it an empty one"),
        (["info", "--tls="], 2, "--tls takes no value, but --tls= gives it an empty one"),
        (["models", ""], 2, "models does not take ''; see"),
        (["register", ""], 2, "RUN_ID needs a value; give it after the command"),
        (["backup", ""], 2, "FILE needs a value; give it after the command"),
        (["restore", ""], 2, "FILE needs a value; give it after the command"),
        (["predict", "--hepl"], 2, "--hepl is no feature; they are CRIM"),
        (["predict", "--RM"], 2, "--RM needs a value; give it after the flag"),
        (["predict", "--json", '{"RM": 6, "RM": 7}'], 2, "--json: RM is given twice"),
        (["predict", "--json", "[" * 100_000], 2, "--json: it is nested too deeply"),
        (["predict", "--file", "/dev/zero"], 3, "/dev/zero: this is a device"),
        (["train", "--model", "lineer"], 2, "'lineer' is not one of the models (did you mean"),
        (["train", "--data", "none.csv"], 3, "none.csv: there is no such file"),
        (["experiment", "--config", "none.yaml"], 2, "none.yaml: there is no such file"),
        (["experiment", "--jobs", "0"], 2, "--jobs: '0' is not right"),
        (["register"], 2, "register needs RUN_ID"),
        (["register", "12e45"], 4, "there is no run 12e45; see"),
        (["register", "1_000"], 4, "there is no run 1_000; see"),
        (["promote"], 2, "say which version"),
        (["promote", "one"], 2, "--version: 'one' is not right"),
        (["promote", "--version", "7"], 4, "has no version 7; it has: none"),
        (["predict", "--ROOMS", "3"], 2, "--ROOMS is no feature"),
        (["predict", "--RM", "six"], 2, "--RM: 'six' is not a number"),
        (["predict", "--RM", "6_5"], 2, "--RM: '6_5' is not a number"),
        (["predict", "--RM", "\u0666.5"], 2, "--RM: '\u0666.5' is not a number"),
        (["predict", "--json", '{"RM": 1' + "0" * 400 + "}"], 2, "--json: RM is too large"),
        (["predict", "--RM", "6", "--rm", "7"], 2, "--rm is given twice"),
        (["predict", "--RM", "6", "--file", "x"], 2, "only one"),
        (["predict", "--json", "{"], 2, "--json: Expecting property name"),
        (["predict", "--json", "[]"], 2, "--json: give an object of features"),
        (["predict", "--json", '{"RM": true}'], 2, "--json: RM is True, not a number"),
        (["predict", "--target", "127.0.0.1:1"], 5, "no server answers at 127.0.0.1:1; start one"),
        (["info", "--target", "127.0.0.1:1"], 5, "no server answers at 127.0.0.1:1; start one"),
        (["reload", "--version", "x"], 2, "--version: 'x' is not right"),
        (["reload", "--version", "1", "--alias", "a"], 2, "give --version or --alias, not both"),
        (["ui", "--port", "70000"], 2, "--port: '70000' is not right"),
        (["replay"], 2, "give receipts, or name a CSV file of them with --file FILE"),
        (["replay", "--file"], 2, "--file needs a value"),
        (["skew", "--file", "none.csv"], 3, "none.csv cannot be read: No such file"),
        (["skew", "--file", "/dev/zero"], 3, "/dev/zero cannot be read: it is not a plain file"),
        (
            ["replay", "AQ"],
            2,
            "receipt.key: cannot be read: No such file or directory; set RECEIPT",
        ),
    ],
)
def test_a_mistake_gets_one_line_and_its_exit_code(
    here: Settings, say: Say, arguments: list[str], code: int, complaint: str
) -> None:
    said = say(*arguments, code=code)
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert complaint in said.err
    assert said.err.count("\n") == 1


def test_an_error_shows_what_it_repeats(say: Say) -> None:
    said = say("predict", "--target", "\x1b[2J\nerror: none:1", code=2).err
    assert "\\x1b[2J\\nerror: none" in said
    assert "\x1b" not in said
    assert said.count("\n") == 1


def test_debug_shows_where_an_error_comes_from(say: Say) -> None:
    assert "Traceback" in say("register", "--debug", code=2).err


def test_the_readme_names_every_command() -> None:
    text = (ROOT / "README.md").read_text()
    missing = [name for name in COMMANDS if f"admin {name}" not in text]
    assert missing == []


@pytest.mark.parametrize("command", [["models"], ["runs"], ["promote", "1"], ["backup", "b.tgz"]])
def test_a_registry_that_is_no_file_is_named_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, say: Say, command: list[str]
) -> None:
    file = tmp_path / "home" / "mlflow.db"
    file.mkdir(parents=True)
    monkeypatch.setenv("HOUSING_HOME", str(file.parent))
    said = say(*command, code=4).err
    assert said.startswith(f"error: {file}: it is no file; check that it is there")


@pytest.mark.parametrize(
    "command", [["models"], ["runs"], ["history"], ["promote", "1"], ["seed"], ["backup", "b.tgz"]]
)
def test_a_home_that_is_a_file_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, say: Say, command: list[str]
) -> None:
    home = tmp_path / "home"
    home.touch()
    monkeypatch.setenv("HOUSING_HOME", str(home))
    said = say(*command, code=4).err
    assert said.startswith(f"error: {home}: it is no folder; check that it is there")


@pytest.mark.skipif(not shutil.which("setpriv"), reason="needs a process without root's rights")
@pytest.mark.parametrize("command", [["models"], ["promote", "1"], ["seed"], ["backup", "b.tgz"]])
def test_the_home_of_another_user_is_named(tmp_path: Path, command: list[str]) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "mlflow.db").write_bytes(b"x")
    home.chmod(0)
    rights = "-dac_override,-dac_read_search"
    line = ["setpriv", "--inh-caps", rights, "--bounding-set", rights] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*line, sys.executable, "-m", "admin", *command],
        cwd=ROOT,
        env=environment_of(home),
        capture_output=True,
        text=True,
        check=False,
    )
    home.chmod(0o700)
    assert done.returncode == 4, done.stderr
    assert done.stderr.startswith(f"error: {home}")
    assert "Permission denied; check" in done.stderr


def test_a_working_folder_that_is_gone_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, say: Say
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert "the folder that this runs in is gone" in say("models", code=2).err
