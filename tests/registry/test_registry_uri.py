"""A server whose registry cannot be opened as its address is written."""

from pathlib import Path

import pytest

from housing_grpc import settings
from housing_grpc.base.errors import EXIT_SETTINGS, StartError
from tests.support.registry_server import refused


@pytest.mark.parametrize("uri", ["foo://user:secret@host", "http://host:port"])
def test_an_address_that_mlflow_does_not_know_is_a_wrong_setting(uri: str) -> None:
    with pytest.raises(StartError, match=r"^MLFLOW_TRACKING_URI ") as caught:
        settings.load([], {"MLFLOW_TRACKING_URI": uri})
    assert caught.value.exit_code == EXIT_SETTINGS
    assert "secret" not in str(caught.value)


def test_a_database_driver_that_is_missing_is_named(tmp_path: Path) -> None:
    assert str(refused("postgresql+psycopg2://user:secret@127.0.0.1:1/x", tmp_path)) == (
        "no model to serve: the registry cannot be opened: MLFLOW_TRACKING_URI needs the Python"
        " module 'psycopg2', which is not installed; pip install 'psycopg2-binary'"
    )
