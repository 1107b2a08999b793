import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from admin.base.settings import Settings
from admin.data.dataset import load_features
from admin.tracking.promotion import promote
from admin.tracking.registry import register
from housing_grpc.bundle import format as bundle_format
from housing_grpc.bundle import model as bundle_model
from housing_grpc.bundle.model import Bundle
from housing_grpc.bundle.pyfunc import BundleModel
from housing_grpc.bundle.schema import FEATURE_NAMES
from housing_grpc.registry.location import BUNDLE_FOLDER
from tests.support.examples import DATA
from tests.support.homes import Trained
from tests.support.processes import outcome

if TYPE_CHECKING:
    from admin.tracking.mlflow_client import Client

# Run where nothing of this project can be imported.
ELSEWHERE = """
import importlib.util, json, sys
import mlflow, pandas
mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model("models:/housing-price-model@production")
read = pandas.read_csv(sys.argv[2])
houses = read.astype(float)
def refused(frame):
    try:
        model.predict(frame)
    except Exception as error:
        return str(error)
print(json.dumps({
    "whole": model.predict(houses).tolist(),
    "reversed": model.predict(houses[houses.columns[::-1]]).tolist(),
    "one": model.predict(pandas.DataFrame([{"RM": 6.0, "RAD": 4.0, "CHAS": None}])).tolist(),
    "whole_numbers": refused(read),
    "text": refused(pandas.DataFrame([{"RM": "six"}])),
    "foreign": refused(pandas.DataFrame([{"ROOMS": 6}])),
    "project": [
        name for name in ("housing_admin", "housing_grpc") if importlib.util.find_spec(name)
    ],
    "pickle": "cloudpickle" in open(sys.argv[3]).read(),
}))
"""


@pytest.fixture
def elsewhere(
    client: "Client", ready: Settings, trained: Trained, tmp_path: Path
) -> dict[str, Any]:
    number = register(client, ready.location, trained.run_id).version
    promote(client, ready.location, number)
    description = _folder(client) / "MLmodel"
    arguments = (ready.location.tracking_uri, str(DATA), str(description))
    (tmp_path / "empty").mkdir()
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = outcome(
        [sys.executable, "-I", "-c", _without_checkout(ELSEWHERE), *arguments],
        cwd=tmp_path / "empty",
        env={**environment, "MLFLOW_DISABLE_TELEMETRY": "true"},
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_any_mlflow_client_predicts_the_same(elsewhere: dict[str, Any], client: "Client") -> None:
    # The copy of the code that travels with the model has no evaluator in C.
    bundle = Bundle(bundle_format.read(_folder(client) / BUNDLE_FOLDER), native=False)
    expected = bundle.predict(load_features(DATA)[0].to_numpy()).tolist()
    assert elsewhere["project"] == []
    assert elsewhere["whole"] == expected
    assert elsewhere["reversed"] == expected
    row = np.full((1, len(FEATURE_NAMES)), np.nan)
    row[0, FEATURE_NAMES.index("RM")] = 6
    row[0, FEATURE_NAMES.index("RAD")] = 4
    assert elsewhere["one"] == bundle.predict(row).tolist()
    assert "column RM. Can not safely convert str to float64" in elsewhere["text"]
    assert "column RAD. Can not safely convert int64 to float64" in elsewhere["whole_numbers"]
    assert "none of the features is there" in elsewhere["foreign"]
    assert elsewhere["pickle"] is False


def test_the_model_says_what_it_takes(client: "Client", trained: Trained) -> None:
    import mlflow

    info = mlflow.models.get_model_info(str(_folder(client)))
    assert info.signature is not None
    assert info.signature.inputs.input_names() == list(FEATURE_NAMES)
    assert info.signature.inputs.required_input_names() == []
    assert {str(kind) for kind in info.signature.inputs.input_types()} == {"DataType.double"}
    assert [str(kind) for kind in info.signature.outputs.input_types()] == ["DataType.double"]
    assert info.flavors["python_function"]["loader_module"] == "housing_bundle.pyfunc"
    requirements = (_folder(client) / "requirements.txt").read_text()
    assert {line.partition("==")[0] for line in requirements.split()} == {
        "mlflow",
        "msgspec",
        "numpy",
        "pandas",
    }


@pytest.mark.parametrize("frame", [{"RM": [6.5, 7]}, {"RM": [6.5, 7], "CRIM": [None, np.nan]}])
def test_a_mapping_of_columns_will_do(
    client: "Client", trained: Trained, frame: dict[str, list[Any]]
) -> None:
    model = BundleModel(bundle_model.load(_folder(client) / BUNDLE_FOLDER))
    assert model.predict(frame).shape == (2,)


def _folder(client: "Client") -> Path:
    [experiment] = [
        each.experiment_id for each in client.search_experiments() if each.name != "Default"
    ]
    [model] = client.search_logged_models([experiment])
    return Path(model.artifact_location.removeprefix("file://"))


def _without_checkout(code: str) -> str:
    # An editable install puts the checkout on the path of every process.
    root = str(Path(__file__).parents[3])
    return (
        f"import sys\nsys.path = [p for p in sys.path if not p.startswith({root!r}) or"
        f" 'site-packages' in p]\nsys.meta_path = [f for f in sys.meta_path"
        f" if 'editable' not in getattr(f, '__module__', '') + getattr(f, '__name__', '')]\n{code}"
    )
