"""The contract says what the server does."""

import re
from pathlib import Path

import pytest
from google.api.annotations_pb2 import http
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor
from housing.v1 import experiment_pb2, feedback_pb2, model_pb2, prediction_pb2

from housing_grpc.base.errors import Reason
from housing_grpc.bundle.schema import FEATURE_NAMES

ROOT = Path(__file__).parents[2]
FILES = tuple(each.DESCRIPTOR for each in (prediction_pb2, model_pb2, feedback_pb2, experiment_pb2))
METHODS: dict[str, MethodDescriptor] = {
    method.name: method
    for file in FILES
    for service in file.services_by_name.values()
    for method in service.methods
}

# Verb, path, other path if any, body.
ROUTES = {
    "Predict": ("post", "/v1/predict", "/predict", "house"),
    "PredictBatch": ("post", "/v1/predict/batch", "/predict/batch", "*"),
    "ModelInfo": ("get", "/v1/model/info", "/model/info", ""),
    "ReloadModel": ("post", "/v1/model/reload", "/model/reload", "*"),
    "RollbackModel": ("post", "/v1/model/rollback", "/model/rollback", "*"),
    "RecordOutcomes": ("post", "/v1/feedback", "", "*"),
    "GetQuality": ("get", "/v1/quality", "", ""),
    "GetExperiment": ("get", "/v1/experiment", "", ""),
}
# A stream has no form in HTTP that this annotation could describe.
STREAMS = {"PredictStream"}

# Which reasons a method can end with, and which it can give for a row or not at all.
_ALWAYS = {
    "CANCELLED",
    "DEADLINE_EXCEEDED",
    "INTERNAL",
    "MALFORMED_REQUEST",
    "PERMISSION_DENIED",
    "RATE_LIMITED",
    "UNAUTHENTICATED",
}


def comments() -> dict[str, str]:
    """Gives the comment above each rpc, as one line."""
    found = {}
    for file in FILES:
        text = (ROOT / "proto" / file.name).read_text(encoding="utf-8")
        for block, name in re.findall(r"((?:^ *//.*\n)+) *rpc (\w+)", text, re.MULTILINE):
            found[name] = " ".join(re.sub(r"^ *// ?", "", block, flags=re.MULTILINE).split())
    return found


def test_a_house_has_the_features_by_their_own_names_and_in_order() -> None:
    fields = prediction_pb2.House.DESCRIPTOR.fields
    assert tuple(field.json_name for field in fields) == FEATURE_NAMES
    assert [field.number for field in fields] == list(range(1, 14))
    assert [field.name for field in fields] == [name.lower() for name in FEATURE_NAMES]
    assert all(field.type == FieldDescriptor.TYPE_DOUBLE for field in fields)
    assert all(field.has_presence for field in fields)


def test_every_method_has_its_route() -> None:
    assert set(METHODS) == {*ROUTES, *STREAMS}
    for name, (verb, path, other, body) in ROUTES.items():
        rule = METHODS[name].GetOptions().Extensions[http]
        others = [other] if other else []
        for each, expected in zip((rule, *rule.additional_bindings), (path, *others), strict=True):
            assert (each.WhichOneof("pattern"), getattr(each, verb), each.body) == (
                verb,
                expected,
                body,
            )
    for name in STREAMS:
        assert not METHODS[name].GetOptions().HasExtension(http)


@pytest.mark.parametrize("name", METHODS)
def test_the_comment_of_a_method_pairs_each_reason_with_its_code(name: str) -> None:
    _, _, returns = comments()[name].partition("Returns: * ")
    assert returns
    told = {}
    for part in returns.split(" * "):
        code, _, text = part.partition(": ")
        reasons = re.findall(r"\b(?:[A-Z]{3,}|NO_[A-Z]+)(?:_[A-Z]+)*\b", text)
        assert reasons, f"{name}: {code} names no reason"
        told.update(dict.fromkeys(reasons, code))
    assert {reason: Reason[reason].code.name for reason in told} == told
    # What a house sold for is recorded whichever model is live.
    assert set(told) >= (_ALWAYS if name == "RecordOutcomes" else {*_ALWAYS, "MODEL_NOT_READY"})


def test_every_reason_is_told_by_some_method() -> None:
    other = (ROOT / "proto-oip" / "inference" / "inference.proto").read_text(encoding="utf-8")
    text = " ".join((*comments().values(), other))
    assert {reason for reason in Reason if not re.search(rf"\b{reason}\b", text)} == set()
