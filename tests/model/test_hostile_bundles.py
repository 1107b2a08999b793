"""Bundles that would do harm: each is refused, and the model before goes on serving."""

import json
import os
import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest
from grpc import StatusCode

from housing_grpc.base.errors import EXIT_MODEL, StartError
from housing_grpc.bundle import format as bundle_format
from housing_grpc.bundle import metadata
from housing_grpc.bundle.errors import BundleFormatError, BundleUnsafeError
from housing_grpc.bundle.format import METADATA_FILE, MODEL_FILE
from housing_grpc.bundle.metadata import Golden
from housing_grpc.bundle.part_files import PREPROCESSOR_FILE
from housing_grpc.bundle.schema import FEATURE_NAMES
from tests.support import hostile
from tests.support.client import failure, reason_of, refusal
from tests.support.examples import Example, contents, format_1
from tests.support.reloads import price, reload, replace
from tests.support.serving import Serve

WIDTH = len(FEATURE_NAMES)
SECRET = "API_KEY=of-the-server\n"


@pytest.fixture
def spy(linear: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bundle that is whole, whose prices are the bytes of `.env` in the working folder."""
    (tmp_path / ".env").write_text(SECRET)
    monkeypatch.chdir(tmp_path)
    folder, blobs = tmp_path / "spy", contents(linear.folder)
    preprocessor = json.loads(blobs[PREPROCESSOR_FILE])
    preprocessor["scaler"] = {"mean": [0.0] * WIDTH, "scale": [1.0] * WIDTH}
    golden = Golden(rows=[[0.0] * WIDTH], answers=[float(ord(SECRET[0]))], tolerance=1e-4)
    blobs |= {
        MODEL_FILE: hostile.external_data(".env", len(SECRET)),
        PREPROCESSOR_FILE: json.dumps(preprocessor).encode(),
    }
    found = msgspec.structs.replace(bundle_format.read(linear.folder).metadata, golden=golden)
    bundle_format.write(folder, *format_1(found, blobs))
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
    """ONNX Runtime itself does what the bundle says."""
    import onnxruntime

    session = onnxruntime.InferenceSession((spy / MODEL_FILE).read_bytes())
    rows = np.zeros((len(SECRET), WIDTH))
    rows[:, FEATURE_NAMES.index("RM")] = np.arange(len(SECRET))
    prices = session.run(None, {"scaled": rows})[0].ravel()
    assert bytes(int(each) for each in prices).decode() == SECRET


def test_a_server_does_not_start_with_it(serve: Serve, spy: Path) -> None:
    with pytest.raises(StartError, match="data in another file") as caught:
        serve(spy)
    assert caught.value.exit_code == EXIT_MODEL


def test_nor_does_an_mlflow_client_load_it(spy: Path) -> None:
    from housing_grpc.bundle import pyfunc

    with pytest.raises(BundleUnsafeError):
        pyfunc._load_pyfunc(str(spy))  # noqa: SLF001 - what MLflow calls


def test_a_file_whose_name_is_no_text_is_told_in_text(
    serve: Serve, linear: Example, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(linear.folder, tmp_path / "live"))
    client = serve(folder)
    (folder / os.fsdecode(b"\xff\n")).touch()
    assert failure(lambda: reload(client)) == refusal(
        StatusCode.FAILED_PRECONDITION,
        "BUNDLE_UNSAFE",
        r"a file is named '\udcff\n'; a bundle's names are letters, digits, . _ and -",
    )


def test_counts_beyond_all_numbers_are_refused(linear: Example, tmp_path: Path) -> None:
    """They were served, and made every page of metrics fail."""
    document = json.loads((linear.folder / METADATA_FILE).read_bytes())
    document["features"][0]["histogram"]["counts"][0] = 10**400
    with pytest.raises(BundleFormatError, match=r"counts\[0\]`$"):
        metadata.decode(json.dumps(document).encode())
