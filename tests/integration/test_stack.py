"""From training to an answer, on the embedded MLflow and on PostgreSQL with an S3 store."""

import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from housing.v1.model_pb2 import ModelInfoRequest, ReloadModelRequest
from housing.v1.prediction_pb2 import House, PredictRequest

from tests.integration import daemons, stack
from tests.integration.stack import STORES, Stack
from tests.support.processes import ROOT, outcome
from tests.support.waiting import SECONDS

pytestmark = pytest.mark.integration

REQUEST = PredictRequest(house=House(rm=6.5, lstat=12, crim=1))


@pytest.fixture(scope="module", params=["embedded", *STORES])
def models(request: pytest.FixtureRequest) -> Iterator[Stack]:
    opened = stack.embedded() if request.param == "embedded" else stack.real(STORES[request.param])
    with opened as found:
        yield found


def test_a_model_goes_from_training_to_an_answer_and_is_replaced(
    models: Stack, tmp_path: Path
) -> None:
    first = models.train()
    models.told("promote", f"--version={first}")
    with models.serving(tmp_path) as client:
        before = client.predictions.Predict(REQUEST, timeout=SECONDS)
        assert before.model_version == str(first)
        assert not client.models.ModelInfo(ModelInfoRequest(), timeout=SECONDS).stale

        second = models.train("v2_knn")
        assert not client.models.ReloadModel(ReloadModelRequest(), timeout=SECONDS).changed
        models.told("promote", f"--version={second}", f"--reload={client.address}")
        info = client.models.ModelInfo(ModelInfoRequest(), timeout=SECONDS)
        after = client.predictions.Predict(REQUEST, timeout=SECONDS)
    assert (after.model_version, info.generation) == (str(second), 2)
    assert after.prediction != before.prediction
    assert models.told("seed")["version"] == str(second)


def test_the_history_tells_who_promoted_what_and_leads_back(models: Stack) -> None:
    versions = [models.train(), models.train("v2_knn")]
    longest = "ü" * 1000
    models.told("promote", f"--version={versions[0]}")
    models.told("promote", f"--version={versions[1]}", f"--reason={longest}")
    back = models.told("rollback", "--reason=wrong prices")
    assert back["version"] == str(versions[0])
    found = models.told("history", "--verify")
    assert found["whole"]
    newest = found["entries"][:2]
    assert [each["reason"] for each in newest] == ["wrong prices", longest]
    assert [each["to_version"] for each in newest] == [str(each) for each in versions]


def test_any_mlflow_client_loads_the_model_with_the_same_answer(
    models: Stack, tmp_path: Path
) -> None:
    models.told("seed")
    with models.serving(tmp_path) as client:
        served = client.predictions.Predict(REQUEST, timeout=SECONDS).prediction
    script = (
        "import mlflow, pandas; m = mlflow.pyfunc.load_model('models:/housing-price-model"
        "@production'); n = m.metadata.get_input_schema().input_names();"
        "print(m.predict(pandas.DataFrame([{'RM': 6.5, 'LSTAT': 12.0, 'CRIM': 1.0}],"
        " columns=n, dtype='float64')).tolist())"
    )
    uri = models.variables.get("MLFLOW_TRACKING_URI")
    uri = uri or f"sqlite:///{models.variables['HOUSING_HOME']}/mlflow.db"
    done = outcome(
        [sys.executable, "-W", "ignore", "-c", script],
        env={"MLFLOW_TRACKING_URI": uri, "MLFLOW_DISABLE_TELEMETRY": "true"},
    )
    assert done.returncode == 0, done.stderr
    assert str(served) in done.stdout


def test_the_bucket_may_be_made_twice_and_holds_the_bundles(models: Stack) -> None:
    if not models.endpoint:
        pytest.skip("the embedded MLflow has no bucket")
    variables = daemons.s3_variables(models.endpoint)
    made = outcome([sys.executable, ROOT / "deploy/mlflow/create_bucket.py"], env=variables)
    assert (made.returncode, made.stdout) == (0, "bucket mlflow is there\n")
    models.told("seed")
    script = (
        "import boto3, os; s = boto3.client('s3', region_name='us-east-1',"
        " endpoint_url=os.environ['MLFLOW_S3_ENDPOINT_URL']);"
        " print([o['Key'] for o in s.list_objects_v2(Bucket='mlflow')['Contents']])"
    )
    listed = outcome([sys.executable, "-c", script], env=variables, check=True)
    assert "data/bundle/model.onnx" in listed.stdout


def test_mlflow_answers_to_its_name_in_the_compose_network(models: Stack) -> None:
    uri = models.variables.get("MLFLOW_TRACKING_URI")
    if not uri:
        pytest.skip("the embedded MLflow has no server")
    url = f"{uri}/api/2.0/mlflow/experiments/search?max_results=1"
    answer = httpx.get(url, headers={"Host": "mlflow:5000"}, timeout=SECONDS, trust_env=False)
    assert answer.status_code == 200
    answer = httpx.get(url, headers={"Host": "elsewhere.example"}, timeout=SECONDS, trust_env=False)
    assert answer.status_code == 403
