"""Which model is named, which version answers, and what is told of both."""

import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from housing_grpc.bundle.schema import FEATURE_NAMES
from tests.rest.answers import HOUSE
from tests.rest.conftest import Loop, Start, proxied
from tests.rest.dialects.bodies import INFER, INVOKE, JSON, PREDICT, tensor
from tests.rest.dialects.conftest import ALL
from tests.support.client import Client
from tests.support.examples import MODEL_NAME, Example
from tests.support.reloads import replace
from tests.support.serving import housing_server

MODEL = f"/v2/models/{MODEL_NAME}"
BODY = {"instances": [HOUSE], "inputs": [tensor("RM", [6.5])]}
# What each path takes of it.
KEYS = {"infer": "inputs", "predict": "instances"}


def post(client: httpx.Client, path: str) -> httpx.Response:
    return client.post(path, json={key: BODY[key] for word, key in KEYS.items() if word in path}
                       or {"instances": [HOUSE]})  # fmt: skip


def refused(response: httpx.Response, text: str) -> None:
    told = response.json()
    assert (response.status_code, told["reason"]) == (404, "MODEL_NOT_FOUND")
    assert text in told["error"]


def test_the_live_version_may_be_named(http: httpx.Client, honest: Example) -> None:
    version = f"/versions/{honest.version}"
    for path in (f"{MODEL}/infer", f"{MODEL}{version}/infer"):
        assert post(http, path).json()["model_version"] == honest.version
    assert post(http, PREDICT.replace(":predict", f"{version}:predict")).status_code == 200
    name = MODEL_NAME.replace("-", "%2D")
    assert post(http, INFER.replace(MODEL_NAME, name)).json()["model_name"] == MODEL_NAME


@pytest.mark.parametrize("path", [
    "/v2/models/others/infer", f"{MODEL}/versions/99/infer", "/v1/models/others:predict",
    f"/v1/models/{MODEL_NAME}/versions/99:predict",
])  # fmt: skip
def test_another_model_is_not_found(http: httpx.Client, path: str) -> None:
    asked = "'99' is not live here" if "99" in path else "'others' is not live here"
    refused(post(http, path), asked)
    get = path.removesuffix("/infer").removesuffix(":predict")
    refused(http.get(get), asked)
    if "v2" in path:
        refused(http.get(f"{get}/ready"), "is not live here")
        refused(http.get(f"{get}/config"), asked)


def test_what_is_told_of_the_model(http: httpx.Client, honest: Example) -> None:
    told = http.get(f"{MODEL}/versions/{honest.version}").json()
    outputs = {each["name"]: each["shape"] for each in told.pop("outputs")}
    assert told == {
        "name": MODEL_NAME,
        "versions": [honest.version],
        "platform": f"housing-grpc_{http.get('/model/info').json()['model_type']}",
        "inputs": [{"name": "input", "datatype": "FP64", "shape": [-1, 13]}],
    }
    row = {"predict": [-1], "lower": [-1], "upper": [-1], "contributions": [-1, 13]}
    assert outputs == {**row, "base_value": [-1], "applicability": [-1]}
    config = http.get(f"{MODEL}/config").json()
    assert (config["name"], config["max_batch_size"]) == (MODEL_NAME, 20_000)
    assert [each["dims"] for each in config["output"]] == [[1], [1], [1], [13], [1], [1]]
    listed = http.post("/v2/repository/index", json={}).json()
    assert listed == [
        {"name": MODEL_NAME, "version": honest.version, "state": "READY", "reason": ""}
    ]
    state = http.get(f"/v1/models/{MODEL_NAME}").json()
    assert (state["name"], state["ready"]) == (MODEL_NAME, True)
    assert state["model_version_status"][0]["version"] == honest.version
    assert http.get("/v2").json()["name"] == "housing-grpc"
    assert "binary_tensor_data" in http.get("/v2").json()["extensions"]


def test_health(http: httpx.Client) -> None:
    assert http.get("/v2/health/live").json() == {"live": True}
    assert http.get("/v2/health/ready").json() == {"ready": True}
    assert http.get(f"{MODEL}/ready").json() == {"name": MODEL_NAME, "ready": True}
    ping = http.get("/ping")
    assert (ping.status_code, ping.content) == (200, b"\n")


def test_models_are_loaded_by_promotion_alone(http: httpx.Client) -> None:
    for what in ("load", "unload"):
        response = http.post(f"/v2/repository/models/{MODEL_NAME}/{what}", json={})
        assert (response.status_code, response.json()["reason"]) == (501, "UNIMPLEMENTED")
        assert "decided by promotion" in response.json()["error"]


def test_after_a_reload_the_version_that_answered_is_named(
    loop: Loop, stack: ExitStack, tmp_path: Path, linear: Example, forest: Example
) -> None:
    folder = Path(shutil.copytree(linear.folder, tmp_path / "live"))
    server = housing_server(stack, folder)
    client = stack.enter_context(proxied(loop, f"127.0.0.1:{server.port}", dialects=ALL))
    paths = (INFER, PREDICT, INVOKE)
    before = [f"{MODEL}/versions/{linear.version}/infer", INFER]
    assert [post(client, path).status_code for path in before] == [200, 200]
    replace(folder, forest.folder)
    assert client.post("/model/reload", json={}).json()["changed"]
    refused(post(client, before[0]), f"'{linear.version}' is not live here")
    for path in paths:
        assert post(client, path).json()["model_version"] == forest.version
    assert post(client, f"{MODEL}/versions/{forest.version}/infer").status_code == 200


def test_what_a_bundle_cannot_give(start: Start, housing: Client) -> None:
    client = start(housing.address, dialects=ALL)
    offered = [each["name"] for each in client.get(MODEL).json()["outputs"]]
    assert "lower" not in offered
    assert "applicability" not in offered
    for name in {"lower", "applicability", "contributions"} - {*offered}:
        body: dict[str, Any] = {"inputs": [tensor("RM", [6.5])], "outputs": [{"name": name}]}
        response = client.post(INFER, json=body)
        assert (response.status_code, response.json()["reason"]) == (400, "NOT_IN_BUNDLE")


def test_columns_of_one_value_and_features_left_out(http: httpx.Client) -> None:
    one = http.post(INVOKE, json={"inputs": {"RM": 6.5, "LSTAT": None}}).json()["predictions"]
    named = http.post(INVOKE, json={"dataframe_records": [{"RM": 6.5}]}).json()["predictions"]
    row = [6.5 if name == "RM" else None for name in FEATURE_NAMES]
    listed = http.post(INVOKE, json={"inputs": [row]}).json()["predictions"]
    assert one == named == listed


def test_a_row_that_cannot_be_scored_is_named_as_it_was_sent(http: httpx.Client) -> None:
    bad = {**HOUSE, "CHAS": 7}
    row = [*HOUSE.values()]
    body = {"inputs": [tensor("input", [row, [*bad.values()]])]}
    told = [http.post(INFER, json=body).json()["error"]]
    body = {"inputs": [tensor("CHAS", [0, 7])]}
    told.append(http.post(INFER, json=body).json()["error"])
    told.append(http.post(PREDICT, json={"instances": [HOUSE, bad]}).json()["error"])
    split = {"columns": ["CHAS"], "data": [[0], [7]]}
    for name, value in (("dataframe_split", split), ("dataframe_records", [HOUSE, bad])):
        told.append(http.post(INVOKE, json={name: value}).json()["message"])
    table = {"content-type": "text/csv"}
    told.append(http.post(INVOKE, content="CHAS\n0\n7\n", headers=table).json()["message"])
    places = ("input", "rows", "instances", "dataframe_split.data", "dataframe_records", "rows")
    assert told == [f"{place}[1].CHAS is 7, but must be 0 or 1" for place in places]
    asked = {"instances": [HOUSE, bad], "parameters": {"on_error": "nan"}}
    answer = http.post(PREDICT, json=asked).json()
    assert (answer["predictions"][1], answer["failed_rows"]) == (None, 1)
    assert answer["first_error"] == told[2]


def test_mlflow_may_write_nan_for_a_missing_value(http: httpx.Client) -> None:
    texts = (f'{{"instances": [{{"RM": 6.5, "B": {word}}}]}}' for word in ("NaN", "null"))
    found = [http.post(INVOKE, content=text, headers=JSON) for text in texts]
    assert found[0].json() == found[1].json()
    refusal = http.post(INVOKE, content='{"inputs": {"RM": [Infinity]}}', headers=JSON)
    assert refusal.json()["reason"] == "JSON_NOT_FINITE"
