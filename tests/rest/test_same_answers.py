"""The same house over HTTP and over gRPC: the same answer, or the same refusal."""

import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import hypothesis
import pytest
from google.protobuf import json_format
from housing.v1.prediction_pb2 import House, PredictRequest
from hypothesis import strategies as st

from admin import cli as admin_cli
from admin.data.dataset import Dataset
from clients.python.command import main as client_cli
from housing_grpc.bundle.schema import FEATURES
from tests.support.client import SECONDS, Client, failure

Capture = pytest.CaptureFixture[str]

# Mostly what houses are like, and then all that a double can be.
VALUES = {
    spec.name: st.one_of(
        st.floats(0, 1000),
        st.floats(0, 1000).map(lambda value: float(math.floor(value))),
        st.sampled_from([0.0, 1.0, -0.0, 24.0, 3.4028234663852886e38, 3.5e38, 5e-324, 1e308]),
        st.floats(allow_nan=False, allow_infinity=False),
        st.integers(-(2**53), 2**53),
    )
    if not (spec.choices or spec.integer)
    else st.one_of(st.integers(0, 1), st.integers(0, 1), st.integers(-3, 30), st.floats(0, 2))
    for spec in FEATURES
}
HOUSES = st.fixed_dictionaries({}, optional=VALUES) | st.fixed_dictionaries(VALUES)


def check(rest: httpx.Client, housing: Client, house: dict[str, Any]) -> None:
    headers = {"content-type": "application/json"}
    response = rest.post("/predict", content=json.dumps(house), headers=headers)
    request = PredictRequest(house=House(**{name.lower(): value for name, value in house.items()}))
    if response.status_code != 200:
        refusal = failure(lambda: housing.predictions.Predict(request, timeout=SECONDS))
        wanted = json_format.MessageToJson(refusal, preserving_proto_field_name=True)
        # The body is the house, so that its fields have shorter names.
        told = json.loads(wanted.replace("house.", "").replace('"house', '"body'))
        found = response.json()["error"]
        assert (found["message"], found["details"]) == (told["message"], told["details"])
        assert (response.status_code, found["status"]) == (400, "INVALID_ARGUMENT")
        return
    answer = housing.predictions.Predict(request, timeout=SECONDS)
    told = json_format.MessageToDict(
        answer, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    found = response.json()
    assert {**found, "timestamp": ""} == {**told, "timestamp": ""}
    assert repr(found["prediction"]) == repr(answer.prediction)


@hypothesis.settings(deadline=None, max_examples=200)
@hypothesis.given(house=HOUSES)
def test_some_houses_get_the_same_answer(
    rest: httpx.Client, housing: Client, house: dict[str, Any]
) -> None:
    check(rest, housing, house)


@pytest.mark.integration
@hypothesis.settings(
    deadline=None, max_examples=10_000, suppress_health_check=list(hypothesis.HealthCheck)
)
@hypothesis.given(house=HOUSES)
def test_ten_thousand_houses_get_the_same_answer(
    rest: httpx.Client, housing: Client, house: dict[str, Any]
) -> None:
    check(rest, housing, house)


def test_every_row_of_the_data_gets_the_same_answer(
    rest: httpx.Client, housing: Client, houses: Dataset
) -> None:
    for row in houses.features.to_dict("records"):
        house = {str(name): value for name, value in row.items() if not math.isnan(value)}
        check(rest, housing, house)


@pytest.fixture
def said(
    rest: httpx.Client, housing: Client, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> Callable[..., Any]:
    """What a command of either command line prints as JSON; rows of many houses as a list."""
    monkeypatch.setenv("HOUSING_TARGET", housing.address)

    def say(main: Callable[[list[str]], int], *arguments: str) -> Any:
        main(list(arguments))
        text = capsys.readouterr().out
        try:
            return json.loads(text)
        except ValueError:
            return [json.loads(line) for line in text.splitlines()]

    return say


def timeless(answer: dict[str, Any]) -> dict[str, Any]:
    """Returns an answer without its own time, which is checked."""
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", answer.pop("timestamp"))
    return answer


def test_one_house_has_one_form_in_json(rest: httpx.Client, said: Callable[..., Any]) -> None:
    house = '{"RM": 9.5, "LSTAT": 4}'
    found = rest.post("/predict", content=house, headers={"content-type": "application/json"})
    answer = timeless(found.json())
    assert timeless(said(admin_cli.main, "predict", "--json", house)) == answer
    assert timeless(said(client_cli.main, "predict", "--json", "--house", house)) == answer


def test_one_of_many_houses_has_one_form_in_json(
    rest: httpx.Client, said: Callable[..., Any], tmp_path: Path
) -> None:
    houses = ['{"RM": 6.5, "LSTAT": 4}', '{"CHAS": 3, "RAD": 1.5}', "{}"]
    lines = "".join(f"{house}\n" for house in houses)
    kind = {"content-type": "application/x-ndjson"}
    text = rest.post("/v1/predict:stream", content=lines, headers=kind).text
    answers = [json.loads(line) for line in text.splitlines()]
    assert [each["row"] for each in answers] == [0, 1, 2]
    timeless(answers[0])
    # Only over HTTP is a house a body.
    nameless = answers[2]["error"]
    nameless["message"] = nameless["message"].removeprefix("body: ")
    nameless["details"][1]["field_violations"][0]["field"] = "house"

    priced, *refused = said(admin_cli.main, "predict", "--json", f"[{','.join(houses)}]")
    assert [timeless(priced), *refused] == answers

    source = tmp_path / "houses.ndjson"
    source.write_text(lines)
    priced, *refused = said(client_cli.main, "score", str(source), "--to", "ndjson", "--quiet")
    assert timeless(priced) == answers[0]
    # So that a job can go on after any row.
    assert {each.pop("model_version") for each in refused} == {answers[0]["model_version"]}
    assert refused == answers[1:]


FAULTY = [
    '{"RMM": 6.5, "street": 1}',
    '{"RM": "six", "B": true, "CRIM": {}, "ZN": []}',
    '{"RM": 6, "RM": 7}',
    '{"RM": NaN, "B": 1e400}',
    '{"RM": -Infinity}',
    f'{{"RM": {"9" * 400}}}',
    '{"RM": 1e39}',
    '{"CHAS": 0.5, "RAD": 2.5}',
    "[1]",
    "null",
    "6.5",
    '"RM"',
    "{",
    '{"RM": 6 "B": 5}',
    '{"a\\u00e9\\n": 1, "' + "x" * 100 + '": 2, "LSTATT": 3, "PTRATOI": 4, "TAXX": 5}',
    '{"RM": ' + "[" * 60_000,
    '{"RM": null}',
]


def test_a_fault_has_one_reason_and_one_text(
    rest: httpx.Client, said: Callable[..., Any], tmp_path: Path
) -> None:
    lines = "".join(f"{house}\n" for house in FAULTY)
    kind = {"content-type": "application/x-ndjson"}
    text = rest.post("/v1/predict:stream", content=lines, headers=kind).text
    # Only over HTTP is a house a body; that it has no feature is said of the body, too.
    text = text.replace('"body', '"house').replace("the body", "the house")
    answers = [json.loads(line) for line in text.replace('"house: has no', '"has no').splitlines()]
    source = tmp_path / "houses.ndjson"
    source.write_text(lines)
    found = said(client_cli.main, "score", str(source), "--to", "ndjson", "--quiet")
    for each, answer, house in zip(found, answers, FAULTY, strict=True):
        del each["model_version"]
        assert each == answer, house[:80]


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_reload_has_one_form_in_json(
    rest: httpx.Client, said: Callable[..., Any], dry_run: bool
) -> None:
    answer = rest.post("/model/reload", json={"dry_run": dry_run}).json()
    assert ("diff" in answer) == dry_run
    for main in (admin_cli.main, client_cli.main):
        found = said(main, "reload", "--json", *["--dry-run"] * dry_run)
        assert re.fullmatch(r"\d+(\.\d+)?s", found["duration"])
        assert {**found, "duration": ""} == {**answer, "duration": ""}


def test_a_model_has_one_form_in_json(rest: httpx.Client, said: Callable[..., Any]) -> None:
    answer = rest.get("/model/info").json()
    assert said(admin_cli.main, "info", "--json") == answer
    assert said(client_cli.main, "info", "--json") == answer
