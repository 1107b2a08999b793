"""Bundles that would do harm: each is refused, and the model before goes on serving."""

import json
import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest

from housing_grpc.bundle import format as bundle_format
from housing_grpc.bundle.errors import BundleUnsafeError
from housing_grpc.bundle.format import MODEL_FILE, PREPROCESSOR_FILE
from housing_grpc.bundle.metadata import Golden
from housing_grpc.bundle.schema import FEATURE_NAMES
from tests import hostile
from tests.examples import Example
from tests.server.conftest import Serve
from tests.server.wire import failure, reason_of
from tests.support.reloads import price, reload, replace

WIDTH = len(FEATURE_NAMES)
SECRET = "API_KEY=of-the-server\n"


@pytest.fixture
def spy(linear: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bundle that is whole, whose prices are the bytes of `.env` in the working folder."""
    (tmp_path / ".env").write_text(SECRET)
    monkeypatch.chdir(tmp_path)
    found, folder = bundle_format.read(linear.folder), tmp_path / "spy"
    preprocessor = json.loads(found.blobs[PREPROCESSOR_FILE])
    preprocessor["scaler"] = {"mean": [0.0] * WIDTH, "scale": [1.0] * WIDTH}
    golden = Golden(rows=[[0.0] * WIDTH], answers=[float(ord(SECRET[0]))], tolerance=1e-4)
    blobs = {
        MODEL_FILE: hostile.external_data(".env", len(SECRET)),
        PREPROCESSOR_FILE: json.dumps(preprocessor).encode(),
    }
    bundle_format.write(folder, msgspec.structs.replace(found.metadata, golden=golden), blobs)
    return folder


def test_a_bundle_cannot_read_files_of_the_server(
    serve: Serve, linear: Example, spy: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(linear.folder, tmp_path / "live"))
    client = serve(folder)
    before = price(client)
    replace(folder, spy)
    status = failure(lambda: reload(client))
    assert reason_of(status) == "BUNDLE_UNSAFE"
    assert status.message == (
        "model.onnx: holds a tensor with data in another file; only what the export writes is"
        " served, so train and register the model again"
    )
    assert price(client) == before


def test_what_the_attack_would_read(spy: Path) -> None:
    """ONNX Runtime itself does what the bundle says: nothing but the check keeps it from that."""
    import onnxruntime

    session = onnxruntime.InferenceSession((spy / MODEL_FILE).read_bytes())
    rows = np.zeros((len(SECRET), WIDTH))
    rows[:, FEATURE_NAMES.index("RM")] = np.arange(len(SECRET))
    prices = session.run(None, {"scaled": rows})[0].ravel()
    assert bytes(int(each) for each in prices).decode() == SECRET


def test_a_server_does_not_start_with_it(serve: Serve, spy: Path) -> None:
    from housing_grpc.errors import EXIT_MODEL, StartError

    with pytest.raises(StartError, match="data in another file") as caught:
        serve(spy)
    assert caught.value.exit_code == EXIT_MODEL


def test_nor_does_an_mlflow_client_load_it(spy: Path) -> None:
    from housing_grpc.bundle import pyfunc

    with pytest.raises(BundleUnsafeError):
        pyfunc._load_pyfunc(str(spy))  # noqa: SLF001 - what MLflow calls
