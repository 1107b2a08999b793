"""The table of reasons and codes, and how an error looks on the wire."""

import grpc
import pytest
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from housing_grpc.base import status
from housing_grpc.base.errors import Reason, ServingError, Violation, public_error
from housing_grpc.bundle import errors as bundle_errors
from housing_grpc.bundle.errors import BundleError
from tests.support.client import refusal

BUNDLE_ERRORS = [
    found
    for found in vars(bundle_errors).values()
    if isinstance(found, type) and issubclass(found, BundleError)
]


def test_every_reason_has_a_code_and_says_its_own_name() -> None:
    assert all(reason.name == reason.value for reason in Reason)
    assert not {grpc.StatusCode.OK, grpc.StatusCode.UNKNOWN} & {reason.code for reason in Reason}


@pytest.mark.parametrize("kind", BUNDLE_ERRORS)
def test_every_error_of_a_bundle_has_a_reason(kind: type[BundleError]) -> None:
    error = public_error(kind("what is wrong"))
    assert (error.reason, error.message) == (Reason[kind.reason], "what is wrong")
    assert str(error) == "what is wrong"
    assert error.code is Reason[kind.reason].code


def test_all_details_at_once() -> None:
    error = ServingError(
        Reason.REGISTRY_UNAVAILABLE,
        "down",
        violations=(Violation(field="a.b", description="is wrong"),),
        retry_seconds=5,
    )
    expected = refusal(
        grpc.StatusCode.UNAVAILABLE,
        "REGISTRY_UNAVAILABLE",
        "down",
        {"a.b": "is wrong"},
        retry_seconds=5,
    )
    assert status.to_proto(error) == expected
    ready = status.to_grpc(error)
    assert (ready.code, ready.details) == (grpc.StatusCode.UNAVAILABLE, "down")
    ((key, value),) = ready.trailing_metadata
    assert key == "grpc-status-details-bin"
    assert Status.FromString(value) == expected
    assert rpc_status.to_status(expected) == ready


def test_details_stay_small_however_much_is_wrong() -> None:
    violations = tuple(
        Violation(field=f"{'f' * 298}{number:02}{'f' * 9000}", description="d" * 9000)
        for number in range(100)
    )
    error = ServingError(Reason.FEATURE_DOMAIN, "m" * 9000, violations=violations)
    told = status.to_proto(error)
    # Beyond some 16 KB a client gets another status instead.
    assert told.ByteSize() < 16_000
    fields = {f"{'f' * 298}{number:02}": "d" * 300 for number in range(20)}
    assert told == refusal(grpc.StatusCode.INVALID_ARGUMENT, "FEATURE_DOMAIN", "m" * 500, fields)
