import errno
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from admin.base.errors import RegistryError
from admin.base.settings import Settings
from admin.tracking import embedded_store
from admin.tracking.connection import connect
from tests.support.homes import settings_of
from tests.support.waiting import SECONDS

OPEN = """
import sys
from pathlib import Path
from admin.base import mlflow_environment
mlflow_environment.configure()
from admin.tracking.connection import connect, experiment_id
from admin.base.settings import from_environment
settings = from_environment()
with connect(settings, print) as client:
    print(experiment_id(client, settings))
"""


def test_several_first_uses_at_once_make_one_registry(tmp_path: Path) -> None:
    home = tmp_path / "home"
    environment = {**os.environ, "HOUSING_HOME": str(home)}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", OPEN],
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(3)
    ]
    results = [process.communicate(timeout=SECONDS) for process in started]
    assert [error for _, error in results] == ["", "", ""]
    said = [line for output, _ in results for line in output.splitlines()]
    assert len([line for line in said if line.startswith("Setting up")]) == 1
    assert len({line for line in said if not line.startswith("Setting up")}) == 1


def test_a_first_use_that_was_killed_is_done_again(tmp_path: Path) -> None:
    half = tmp_path / ".mlflow.db.new"
    half.mkdir()
    (half / "mlflow.db").write_bytes(b"half")
    (tmp_path / ".mlflow.db.lock").touch()
    (tmp_path / "mlflow.db").touch()
    said: list[str] = []
    embedded_store.prepare(settings_of(tmp_path), said.append)
    embedded_store.prepare(settings_of(tmp_path), said.append)
    assert said == [f"Setting up the embedded MLflow in {tmp_path}/ (some seconds, once) ..."]
    assert not half.exists()
    with connect(settings_of(tmp_path)) as client:
        assert client.search_experiments()[0].name == "Default"


def refused(settings: Settings) -> str:
    """Connects where nobody can, and gives what is said of it."""
    with pytest.raises(RegistryError) as caught, connect(settings):
        pass
    return str(caught.value)


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    said = refused(settings_of(tmp_path, uri="http://127.0.0.1:1"))
    assert said == (
        "MLflow at http://127.0.0.1:1 does not answer;"
        " start it, or set MLFLOW_TRACKING_URI to where it is"
    )


def test_a_server_that_hangs_is_given_up_within_ten_seconds(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        uri = f"http://127.0.0.1:{silent.getsockname()[1]}"
        begun = time.monotonic()
        with (
            pytest.raises(RegistryError, match="does not answer"),
            connect(settings_of(tmp_path, uri=uri)),
        ):
            pass
        assert time.monotonic() - begun < 12


def test_a_database_that_is_not_there_is_given_up_at_once(tmp_path: Path) -> None:
    begun = time.monotonic()
    uri = "postgresql://mlflow:secret@127.0.0.1:1/mlflow"
    said = refused(settings_of(tmp_path, uri=uri))
    assert "postgresql://127.0.0.1:1/mlflow does not answer" in said
    assert "secret" not in said
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize(
    ("uri", "complaint"),
    [
        (
            "postgresql+psycopg2://mlflow:secret@127.0.0.1:1/mlflow",
            "needs the Python module 'psycopg2', which is not installed; pip install 'psycopg2-",
        ),
        (
            "postgresql+psykopg://mlflow:secret@127.0.0.1:1/mlflow",
            "names a database or driver that SQLAlchemy does not know; postgresql://",
        ),
    ],
)
def test_a_driver_that_is_missing_is_named(tmp_path: Path, uri: str, complaint: str) -> None:
    said = refused(settings_of(tmp_path, uri=uri))
    assert said.startswith(f"MLFLOW_TRACKING_URI {complaint}")
    assert "secret" not in said


def test_a_full_disk_names_the_path(bare: Settings) -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/data/model.onnx")
    with pytest.raises(RegistryError) as caught, connect(bare):
        raise full
    assert str(caught.value) == (
        "/data/model.onnx: No space left on device, up to 2,097,152 bytes are needed;"
        " free some space and run this again"
    )


def test_a_home_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = refused(settings_of(tmp_path / "file" / "home"))
    assert said.startswith(f"{tmp_path}/file")
    assert "\n" not in said


class _Guarded(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_error(401)

    def do_POST(self) -> None:
        self.send_error(401)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def guarded() -> Iterator[str]:
    """A server that lets nobody in."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Guarded) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_server_that_refuses_is_quoted(guarded: str, tmp_path: Path) -> None:
    said = refused(settings_of(tmp_path, uri=guarded))
    assert said.startswith(f"MLflow at {guarded}: ")
    assert "401" in said
    assert "\n" not in said
