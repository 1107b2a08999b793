"""What is asked of MLflow's records without MLflow, whose import takes seconds."""

import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from admin.tracking.connection import connect
from tests.admin.terminal.fake_terminal import environment_of
from tests.support.examples import MODEL_NAME
from tests.support.homes import Trained, settings_of
from tests.support.mlflow_server import mlflow_server
from tests.support.waiting import SECONDS

SLOW = ("mlflow", "sklearn", "pandas")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["models"], 0),
        (["history", "--verify"], 0),
        (["rollback", "--reason", "worse"], 4),
        (["runs"], 0),
        (["promote", "3"], 4),
        (["register", "0123abcd"], 4),
        (["upgrade", "1"], 4),
        (["train", "--model", "xgbost"], 2),
        (["train", "--preprocessor", "v4"], 2),
        (["train", "--data", "nowhere.csv"], 3),
        (["seed", "--data", "nowhere.csv"], 3),
    ],
)
def test_what_the_disk_shows_takes_neither_mlflow_nor_scikit_learn(
    arguments: list[str], code: int, tmp_path: Path
) -> None:
    done = without(SLOW, tmp_path / "home", *arguments)
    assert done.splitlines()[-1] == f"[] {code}"
    assert not (tmp_path / "home").exists()


def without(modules: Sequence[str], home: Path, *arguments: str, uri: str = "") -> str:
    """Runs a command as a process, which says last which of the modules it has imported."""
    script = (
        "import sys; from admin import cli; ended = cli.main(sys.argv[2:])\n"
        "print(sorted(set(sys.argv[1].split()) & set(sys.modules)), ended)"
    )
    variables = {"HOUSING_TARGET": "127.0.0.1:1", "MLFLOW_TRACKING_URI": uri}
    return subprocess.run(
        [sys.executable, "-c", script, " ".join(modules), *arguments],
        env=environment_of(home, **variables),
        capture_output=True,
        text=True,
        check=True,
        timeout=SECONDS,
    ).stdout


@pytest.fixture(scope="module", params=["file", "server"])
def uri(
    request: pytest.FixtureRequest, promoted_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Where an MLflow is whose version 1 is promoted."""
    folder = tmp_path_factory.mktemp("mlflow")
    shutil.copyfile(promoted_home / "mlflow.db", folder / "mlflow.db")
    file = f"sqlite:///{folder / 'mlflow.db'}"
    if request.param == "file":
        yield file
        return
    with mlflow_server(folder) as address:
        yield address


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("models", "\tproduction\tlinear\t"),
        ("runs", "\tfinished\tyes\t1\n"),
        ("history --verify", "\tpromote\tproduction\t-\t1\tdone\t-\n"),
        ("promote 1", "production of housing-price-model: 1 already"),
        ("register RUN", " is already version 1 of housing-price-model."),
        ("seed", "Version 1 of housing-price-model is already production."),
    ],
)
def test_what_mlflow_keeps_is_asked_without_it(
    uri: str, trained: Trained, tmp_path: Path, arguments: str, said: str
) -> None:
    given = arguments.replace("RUN", trained.run_id).split()
    told = without(SLOW, tmp_path, *given, uri=uri)
    assert said in told
    assert told.splitlines()[-1] == "[] 0"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("promote 3", 4),
        ("rollback --to 3 --reason worse", 4),
        ("register 0123abcd", 4),
        ("upgrade 7", 4),
        ("train --data README.md", 3),
        ("seed --model xgbost", 2),
        ("experiment --config README.md", 2),
    ],
)
def test_what_mlflow_keeps_is_refused_without_it(
    uri: str, tmp_path: Path, arguments: str, code: int
) -> None:
    told = without(SLOW, tmp_path, *arguments.split(), uri=uri)
    assert told.splitlines()[-1] == f"[] {code}"


def test_a_version_is_promoted_without_it(uri: str, tmp_path: Path) -> None:
    with connect(settings_of(tmp_path, uri=uri)) as client:
        first = client.versions(MODEL_NAME)[0]
        model_id = first.source.removeprefix("models:/")
        client.create_model_version(
            MODEL_NAME, first.source, first.run_id, dict(first.tags), model_id=model_id
        )
        assert without(SLOW, tmp_path, "promote", "2", uri=uri).splitlines()[-1] == "[] 0"
        assert int(client.get_model_version_by_alias(MODEL_NAME, "production").version) == 2
        client.set_alias(MODEL_NAME, "production", 1)
