"""Calls to a server, and what is expected of the errors it answers with."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status
from housing.v1.experiment_pb2_grpc import ExperimentServiceStub
from housing.v1.feedback_pb2_grpc import FeedbackServiceStub
from housing.v1.model_pb2_grpc import ModelServiceStub
from housing.v1.prediction_pb2 import House, PredictRequest
from housing.v1.prediction_pb2_grpc import PredictionServiceStub

from housing_grpc.bundle.schema import FEATURE_NAMES
from tests.support import waiting
from tests.support.errors import raised

SECONDS = waiting.SECONDS


@dataclass(frozen=True, kw_only=True)
class Client:
    """A channel to one server, with its stubs."""

    address: str
    channel: grpc.Channel
    predictions: PredictionServiceStub
    models: ModelServiceStub
    feedback: FeedbackServiceStub
    experiments: ExperimentServiceStub


def client_of(channel: grpc.Channel, address: str) -> Client:
    """Returns the stubs of a channel."""
    return Client(
        address=address,
        channel=channel,
        predictions=PredictionServiceStub(channel),
        models=ModelServiceStub(channel),
        feedback=FeedbackServiceStub(channel),
        experiments=ExperimentServiceStub(channel),
    )


def house(values: Iterable[float]) -> House:
    """Returns a house of 13 values, in order; those that are NaN are left out."""
    pairs = zip(FEATURE_NAMES, values, strict=True)
    return House(**{name.lower(): value for name, value in pairs if not math.isnan(value)})


def ask(values: Iterable[float]) -> PredictRequest:
    """Returns the request for the price of one house."""
    return PredictRequest(house=house(values))


def failed(call: Callable[[], object]) -> Any:
    """Makes a call that must fail; returns the error, which is a grpc.Call, too."""
    return raised(grpc.RpcError, call)


def failure(call: Callable[[], object]) -> Status:
    """Makes a call that must fail; returns the whole status: code, message and details."""
    error = failed(call)
    detailed = rpc_status.from_call(error)
    if detailed is None:
        return Status(code=error.code().value[0], message=error.details() or "")
    assert (detailed.code, detailed.message) == (error.code().value[0], error.details())
    return detailed


def refusal(
    code: grpc.StatusCode,
    reason: str,
    message: str,
    violations: Mapping[str, str] | None = None,
    retry_seconds: int | None = None,
) -> Status:
    """Returns the status that the contract promises for a reason."""
    status = Status(code=code.value[0], message=message)
    info = ErrorInfo(reason=reason, domain="housing.v1")
    status.details.add().Pack(info)
    if violations:
        bad = BadRequest()
        for field, description in violations.items():
            bad.field_violations.add(field=field, description=description)
        status.details.add().Pack(bad)
    if retry_seconds is not None:
        status.details.add().Pack(RetryInfo(retry_delay=Duration(seconds=retry_seconds)))
    return status


def reason_of(status: Status) -> str:
    """Returns the reason of an error whose message is not compared."""
    info = ErrorInfo()
    assert status.details[0].Unpack(info)
    assert info.domain == "housing.v1"
    return str(info.reason)
