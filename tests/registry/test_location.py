import sys
from pathlib import Path

import pytest

from admin.base import settings
from admin.base.errors import UsageError
from housing_grpc.registry import error_causes, location
from housing_grpc.registry.location import RegistryLocation
from tests.support.errors import raised
from tests.support.processes import outcome


def at(uri: str) -> RegistryLocation:
    return RegistryLocation(tracking_uri=uri, model_name="m", alias="a")


def test_the_default_is_a_sqlite_file_below_var(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert location.from_environment({}) == RegistryLocation(
        tracking_uri=f"sqlite:///{tmp_path}/var/mlflow.db",
        model_name="housing-price-model",
        alias="production",
    )


def test_every_variable_counts_and_an_empty_one_does_not() -> None:
    given = {
        "MLFLOW_TRACKING_URI": "http://mlflow:5000",
        "MLFLOW_MODEL_NAME": "prices",
        "MLFLOW_MODEL_ALIAS": "",
        "HOUSING_HOME": "/srv/housing",
    }
    assert location.from_environment(given) == RegistryLocation(
        tracking_uri="http://mlflow:5000", model_name="prices", alias="production"
    )
    assert location.home_folder(given) == Path("/srv/housing")
    assert location.home_folder({"HOUSING_HOME": ""}).name == "var"


@pytest.mark.parametrize(
    ("uri", "embedded", "file"),
    [
        ("sqlite:////srv/mlflow.db", True, Path("/srv/mlflow.db")),
        ("sqlite+pysqlite:////srv/mlflow.db?timeout=5", True, Path("/srv/mlflow.db")),
        ("file:///srv/runs", True, None),
        ("/srv/runs", True, None),
        ("http://mlflow:5000", False, None),
        ("postgresql://mlflow/db", False, None),
    ],
)
def test_files_of_this_machine_are_told_from_servers(
    uri: str, embedded: bool, file: Path | None
) -> None:
    assert at(uri).embedded is embedded
    assert at(uri).sqlite_file == file


def test_a_home_of_nobody_is_a_wrong_setting() -> None:
    for others in ({}, {"MLFLOW_TRACKING_URI": "http://mlflow"}):
        with pytest.raises(UsageError, match=r"^HOUSING_HOME is '~no such user/x', "):
            settings.from_environment({"HOUSING_HOME": "~no such user/x", **others})


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("postgresql://u:secret@db:5432/x", "postgresql://db:5432/x"),
        ("http://mlflow:5000", "http://mlflow:5000"),
        ("http://u:se@cret@mlflow:5000", "http://mlflow:5000"),
        ("sqlite:////home/a@b/mlflow.db", "sqlite:////home/a@b/mlflow.db"),
        ("/home/a@b/mlruns", "/home/a@b/mlruns"),
        # Databases take a password that holds what ends the host elsewhere.
        ("postgresql://u:12/secret@db/x", "postgresql://db/x"),
        ("postgresql://u:1?secret@db/x", "postgresql://..."),
        ("postgresql://u:1#secret@db/x", "postgresql://..."),
        ("postgresql:///x?user=u&password=secret", "postgresql:///x"),
        ("postgresql://db/x?password=1@secret", "postgresql://..."),
    ],
)
def test_a_password_is_not_shown(uri: str, shown: str) -> None:
    assert at(uri).shown_uri == shown


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("u:secret@localhost:9464/metrics", "localhost:9464/metrics"),
        ("//u:secret@localhost/metrics", "localhost/metrics"),
        ("http:/u:secret@localhost/metrics", "localhost/metrics"),
        ("http:///u:secret@localhost/metrics", "http://localhost/metrics"),
        ("http://u:secret@[::1/metrics", "http://[::1/metrics"),
        ("http://localhost/metrics?token=secret", "http://localhost/metrics"),
    ],
)
def test_a_password_is_not_shown_of_what_is_no_address(address: str, shown: str) -> None:
    assert location.without_password(address) == shown


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MLFLOW_MODEL_NAME", "a/b"),
        ("MLFLOW_MODEL_NAME", ".."),
        ("MLFLOW_MODEL_NAME", 'it\'s "it"'),
        ("MLFLOW_MODEL_ALIAS", "latest"),
        ("MLFLOW_MODEL_ALIAS", "v2"),
        ("MLFLOW_MODEL_ALIAS", "a b"),
    ],
)
def test_a_name_that_mlflow_refuses_is_refused_at_once(variable: str, value: str) -> None:
    error = raised(UsageError, settings.from_environment, {variable: value})
    assert str(error) == (
        f"{variable} is {value!r}, which MLflow does not take as a name; set another"
    )


@pytest.mark.parametrize("variable", ["MLFLOW_MODEL_NAME", "MLFLOW_MODEL_ALIAS"])
def test_a_name_without_end_is_not_shown(variable: str) -> None:
    longest = settings.from_environment({variable: "a" * 255}).location
    assert "a" * 255 in (longest.model_name, longest.alias)
    error = raised(UsageError, settings.from_environment, {variable: "a" * 256})
    assert str(error) == (f"{variable} is longer than the 255 characters of a name; set another")


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("foo://user:secret@host/x", "'foo:'"),
        ("postgres://user:secret@host/x", "'postgres:'"),
        ("localhost:5000", "'localhost:'"),
    ],
)
def test_a_scheme_that_mlflow_does_not_know_is_refused_at_once(uri: str, shown: str) -> None:
    error = raised(UsageError, settings.from_environment, {"MLFLOW_TRACKING_URI": uri})
    assert str(error) == (
        f"MLFLOW_TRACKING_URI begins with {shown}, which MLflow does not know;"
        " it is http://HOST:PORT, postgresql://USER:PASSWORD@HOST/DATABASE or sqlite:///FILE;"
        " set another"
    )


@pytest.mark.parametrize("uri", ["http://[::1", "postgresql://user:secret@host:port/x"])
def test_what_is_no_uri_is_refused_at_once(uri: str) -> None:
    with pytest.raises(UsageError, match="MLFLOW_TRACKING_URI is not a URI: ") as caught:
        settings.from_environment({"MLFLOW_TRACKING_URI": uri})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "uri",
    [
        "sqlite:////srv/mlflow.db",
        "/srv/runs",
        "https://mlflow",
        "postgresql+psycopg://u:p@host/db",
        "mysql+pymysql://u:p@host:3306/db",
        "databricks",
        "databricks://profile",
        "uc:host",
    ],
)
def test_a_scheme_that_mlflow_knows_is_taken(uri: str) -> None:
    assert location.from_environment({"MLFLOW_TRACKING_URI": uri}).tracking_uri == uri


def test_an_error_of_another_kind_is_no_missing_driver() -> None:
    assert error_causes.missing_driver(ConnectionError("no answer")) is None


def test_the_settings_do_not_show_the_key() -> None:
    found = settings.from_environment({"API_KEY": "hunter2", "HOUSING_TARGET": "host:1"})
    assert found.api_key == "hunter2"
    assert found.target == "host:1"
    assert "hunter2" not in repr(found)


@pytest.mark.parametrize(
    ("variables", "target"),
    [
        ({}, "localhost:50051"),
        ({"GRPC_PORT": "50055"}, "localhost:50055"),
        ({"GRPC_HOST": "0.0.0.0", "GRPC_PORT": "50055"}, "localhost:50055"),
        ({"GRPC_HOST": "10.0.0.7"}, "10.0.0.7:50051"),
        ({"GRPC_HOST": "::1", "GRPC_PORT": "50055"}, "[::1]:50055"),
        ({"GRPC_HOST": "[::1]"}, "[::1]:50051"),
        # It may be on any: nobody can know.
        ({"GRPC_PORT": "0"}, "localhost:50051"),
        ({"GRPC_PORT": "50055", "HOUSING_TARGET": "elsewhere:1"}, "elsewhere:1"),
    ],
)
def test_without_a_target_it_is_where_the_server_listens(
    variables: dict[str, str], target: str
) -> None:
    assert settings.from_environment(variables).target == target


def test_the_location_needs_no_library() -> None:
    code = (
        "import sys; before = set(sys.modules); import housing_grpc.registry.location;"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before};"
        "print(sorted(new - set(sys.stdlib_module_names)))"
    )
    done = outcome([sys.executable, "-c", code], check=True)
    assert done.stdout.strip() == "['housing_grpc']"
