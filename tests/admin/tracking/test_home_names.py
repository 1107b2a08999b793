"""A home folder of any name: all of it is written there, and read back from there."""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from admin.base.errors import UsageError
from admin.base.settings import from_environment
from admin.tracking.connection import connect, experiment_id
from admin.tracking.embedded_store import prepare
from housing_grpc.registry import location
from tests.support.homes import settings_of

NAMES = (
    st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="/"), min_size=1)
    .map(lambda text: text[:40])
    .filter(lambda text: text not in (".", ".."))
)
# What a URI takes for the end of a path, for another character, or for the user of a server.
SPECIAL = "a ?b#c%20d%e:f@g é&=+;~\\"


@example("what?")
@example("20%20")
@example(SPECIAL)
@given(NAMES)
@settings(max_examples=25, deadline=None)
def test_a_home_of_any_name_is_the_one_that_is_used(bare_home: Path, name: str) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        parent = Path(scratch)
        home = parent / name
        home.mkdir()
        shutil.copyfile(bare_home / "mlflow.db", home / "mlflow.db")
        used = settings_of(home)
        assert location.sqlite_file(used.location.tracking_uri) == home / "mlflow.db"
        with connect(used) as client:
            run = client.create_run(experiment_id(client, used)).info.run_id
            client.log_text(run, "kept", "note.txt")
            assert client.list_artifacts(run)[0].path == "note.txt"
        (note,) = (home / "artifacts").rglob("note.txt")
        assert note.read_text() == "kept"
        with connect(used) as client:
            assert client.get_run(run).info.status == "RUNNING"
        assert [entry.name for entry in parent.iterdir()] == [name]


@pytest.mark.usefixtures("clean_environment")
def test_it_is_set_up_where_it_is_named(tmp_path: Path) -> None:
    home = tmp_path / SPECIAL
    prepare(settings_of(home), lambda _: None)
    assert (home / "mlflow.db").stat().st_size > 0
    assert [entry.name for entry in tmp_path.iterdir()] == [SPECIAL]


@pytest.mark.parametrize("name", ["a\nb", "a\x7f", "a\udcff"])
def test_a_name_that_no_uri_can_have_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=r"^HOUSING_HOME is .*control character or is not UTF-8"):
        from_environment({"HOUSING_HOME": f"/srv/{name}"})


@pytest.mark.parametrize(
    "uri",
    [
        "sqlite:////srv/what?/mlflow.db",
        "sqlite:////srv/mlflow.db?mode=ro",
        "sqlite:///file:/srv/mlflow.db?uri=true",
        "sqlite:///:memory:",
        "sqlite:///",
    ],
)
def test_a_database_that_is_no_file_is_refused(uri: str) -> None:
    with pytest.raises(UsageError, match=r"^MLFLOW_TRACKING_URI is .*names no file of SQLite's"):
        from_environment({"MLFLOW_TRACKING_URI": uri})


def test_a_quoted_name_in_the_tracking_uri_makes_no_second_folder() -> None:
    used = from_environment({"MLFLOW_TRACKING_URI": "sqlite:////srv/a%20b/mlflow.db?timeout=5"})
    assert used.location.sqlite_file == Path("/srv/a b/mlflow.db")
    assert used.location.tracking_uri == "sqlite+pysqlite:////srv/a%20b/mlflow.db?timeout=5"
