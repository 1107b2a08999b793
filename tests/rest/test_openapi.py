"""The description: whole, valid, true to the contract and its comments."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema
import pytest
from google.protobuf import descriptor_pool
from google.protobuf.message_factory import GetMessageClass
from housing.v1 import feedback_pb2, model_pb2, prediction_pb2

from housing_grpc.rest import bindings
from housing_grpc.rest.json.reader import Readers
from tools.openapi import examples

CONTRACT = [
    service.full_name
    for module in (model_pb2, prediction_pb2, feedback_pb2)
    for service in module.DESCRIPTOR.services_by_name.values()
]


@pytest.fixture(scope="session")
def document(rest: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = rest.get("/openapi.json").json()
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, verbs in document["paths"].items():
        for verb, operation in verbs.items():
            yield path, verb, operation


def validator(document: dict[str, Any], schema: dict[str, Any]) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator({**schema, "components": document["components"]})


def test_every_call_is_described_once_with_all_its_paths(document: dict[str, Any]) -> None:
    first: dict[str, str] = {}
    for binding in bindings.bindings():
        path = first.setdefault(binding.method.full_name, binding.path)
        operation = document["paths"][path][binding.verb.lower()]
        assert binding.path == path or f"Also at `{binding.path}`." in operation["description"]
    own = {"/", "/health", "/metrics", "/v1/predict:stream"}
    assert set(document["paths"]) == {*first.values(), *own}
    assert "Also at `/v1/health`." in document["paths"]["/health"]["get"]["description"]


def test_every_kind_of_error_has_one_example(document: dict[str, Any]) -> None:
    seen: dict[str, Any] = {}
    for _, _, operation in operations(document):
        for code, response in operation["responses"].items():
            content = response["content"].get("application/json", {})
            if content.get("schema") != {"$ref": "#/components/schemas/Error"}:
                continue
            error = content["example"]["error"]
            assert str(error["code"]) == code
            assert error["details"][0]["reason"]
            # What is wrong in a request depends on the request; all else is the same everywhere.
            assert code == "400" or seen.setdefault(code, error) == error
    assert len(seen) == 13


def test_the_example_of_a_wrong_request_is_what_it_gets(
    rest: httpx.Client, document: dict[str, Any]
) -> None:
    predict = document["paths"]["/v1/predict"]["post"]
    house = predict["requestBody"]["content"]["application/json"]["example"]
    wrong = {name: value for name, value in house.items() if name != "LSTAT"}
    answer = rest.post("/v1/predict", json={**wrong, "LSTA": 4.98})
    example = predict["responses"]["400"]["content"]["application/json"]["example"]
    assert answer.json() == example


def test_operations_have_names_of_their_own(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(names)) == len(names)


def test_every_part_of_the_contract_has_its_comment(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for name, schema in schemas.items():
        if name.startswith("v1."):
            assert schema["description"]
            assert all(field.get("description") for field in schema["properties"].values()), name
    house = schemas["v1.House"]
    assert house["properties"]["CRIM"]["description"].startswith("Crime rate of the town")
    assert house["additionalProperties"] is False


def test_statuses_come_from_the_comments(document: dict[str, Any]) -> None:
    reload = document["paths"]["/v1/model/reload"]["post"]["responses"]
    assert (
        "ABORTED: another reload is running (RELOAD_IN_PROGRESS)." in (reload["409"]["description"])
    )
    predict = document["paths"]["/v1/predict"]["post"]["responses"]
    assert "the first model is still loading (MODEL_NOT_READY)." in predict["503"]["description"]


def test_references_lead_somewhere_and_schemas_are_schemas(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    for name in {part.split('"')[0] for part in text.split('"#/components/schemas/')[1:]}:
        assert name in document["components"]["schemas"]
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_examples_fit_their_schemas(document: dict[str, Any]) -> None:
    checked = 0
    for _, _, operation in operations(document):
        bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
        for body in bodies:
            for content in body.get("content", {}).values():
                if "example" in content:
                    validator(document, content["schema"]).validate(content["example"])
                    checked += 1
    assert checked >= 6


@pytest.mark.parametrize("name", examples.names())
def test_examples_are_read_strictly(name: str) -> None:
    kind = descriptor_pool.Default().FindMessageTypeByName(name)
    assert isinstance(Readers(100).message(kind)(examples.of(name)), GetMessageClass(kind))


@pytest.mark.parametrize(
    ("path", "verb", "body"),
    [
        ("/v1/predict", "post", {"RM": 12.5}),
        ("/v1/predict/batch", "post", {"items": [{"RM": 6}, {"CHAS": 3}]}),
        ("/v1/model/info", "get", None),
        ("/v1/model/reload", "post", {}),
        ("/health", "get", None),
        ("/v1/predict", "post", {"RMM": 1}),
    ],
)
def test_answers_fit_their_schemas(
    rest: httpx.Client, document: dict[str, Any], path: str, verb: str, body: Any
) -> None:
    response = rest.request(verb, path, json=body)
    described = document["paths"][path][verb]["responses"][str(response.status_code)]
    schema = described["content"]["application/json"]["schema"]
    validator(document, schema).validate(response.json())


def test_an_error_of_a_row_has_the_form_of_any_error(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    row = schemas["v1.RowResult.Out"]["properties"]["error"]
    assert row["$ref"] == schemas["Error"]["properties"]["error"]["$ref"]
    assert schemas["Status"]["required"] == ["code", "message", "status", "details"]
    refused = document["paths"]["/v1/model/reload"]["post"]["responses"]
    assert "CROSS_SITE" in refused["403"]["description"]
    assert "HEADER_TOO_LARGE" in refused["431"]["description"]
    assert "STOPPING" in refused["503"]["description"]


def test_what_is_strict_in_the_proxy_is_strict_in_the_schema(document: dict[str, Any]) -> None:
    schema = document["paths"]["/v1/predict"]["post"]["requestBody"]["content"]["application/json"]
    house = validator(document, schema["schema"])
    assert house.is_valid({"RM": 6, "LSTAT": None})
    wrongs: list[Any] = [{"RMM": 6}, {"RM": "6"}, {"RM": True}, {"RM": [6]}, [], None]
    for wrong in wrongs:
        assert not house.is_valid(wrong)


def test_of_two_rivals_one_may_be_given(document: dict[str, Any]) -> None:
    target = validator(document, {"$ref": "#/components/schemas/v1.ReloadModelRequest"})
    assert target.is_valid({"version": "1", "alias": None})
    assert not target.is_valid({"version": "1", "alias": "production"})


def test_both_addresses_give_the_same(rest: httpx.Client, document: dict[str, Any]) -> None:
    assert rest.get("/v1/openapi.json").json() == document


def test_a_key_may_be_sent_in_either_form(document: dict[str, Any]) -> None:
    schemes = document["components"]["securitySchemes"]
    assert schemes == {
        "ApiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        "Bearer": {"type": "http", "scheme": "bearer"},
    }
    assert document["security"] == [{}, {"ApiKey": []}, {"Bearer": []}]
    for path, _, operation in operations(document):
        responses = operation["responses"]
        if operation["tags"] == ["Proxy"]:
            assert operation["security"] == [], path
            continue
        assert "security" not in operation
        assert {"401", "403", "429", "503"} <= set(responses), path
        assert "WWW-Authenticate" in responses["401"]["headers"]
        assert all("Retry-After" in responses[code]["headers"] for code in ("429", "503"))
