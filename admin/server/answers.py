"""What a server answers about houses: for people, and as the JSON that every client writes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import grpc
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest
from google.rpc.status_pb2 import Status
from housing.v1.model_pb2 import FeatureInfo, ReloadDiff
from housing.v1.prediction_pb2 import PredictBatchResponse, PredictResponse, RowResult

from . import refusal

_64_BIT = (FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT64)
_STATUS_NAMES = {status.value[0]: status.name for status in grpc.StatusCode}
# Of the HTTP codes that google/rpc/code.proto gives, those of a row.
_HTTP_CODES = {"INVALID_ARGUMENT": 400}
_HTTP_FAULT = 500


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """The price of one house, or why there is none.

    Attributes:
        price: In the target's unit, or None.
        error: Why there is no price, or "".
        warnings: About the values, one line each.
        imputed: Features that were missing and filled in.
        version: Of the model that answered.
        document: The same as the JSON form of the contract; of one of many houses, as the
            stream over HTTP has it, with its row, from 0.
        said: The answer itself, or None where there is no price.
    """

    price: float | None
    error: str
    warnings: tuple[str, ...]
    imputed: tuple[str, ...]
    version: str
    document: Mapping[str, Any]
    said: PredictResponse | None = None


def document(message: Message) -> dict[str, Any]:
    """Return the contract's JSON form of a message, with every field, as it is over HTTP."""
    found: dict[str, Any] = MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    for field in message.DESCRIPTOR.fields:
        if field.cpp_type in _64_BIT:
            # protobuf makes texts of them.
            found[field.name] = getattr(message, field.name)
        elif field.message_type is FeatureInfo.DESCRIPTOR:
            found[field.name] = [document(each) for each in getattr(message, field.name)]
        elif field.message_type is ReloadDiff.DESCRIPTOR and message.HasField(field.name):
            diff = getattr(message, field.name)
            changes = [
                {**document(each), "house": MessageToDict(each.house)} for each in diff.changes
            ]
            found[field.name] = {**document(diff), "changes": changes}
    return found


def of_house(answer: PredictResponse) -> Prediction:
    """Return what is said of a house that was asked for alone."""
    return Prediction(
        price=answer.prediction,
        error="",
        warnings=tuple(answer.warnings),
        imputed=tuple(answer.imputed_features),
        version=answer.model_version,
        document=document(answer),
        said=answer,
    )


def of_batch(answer: PredictBatchResponse, first: int) -> list[Prediction]:
    """Return what is said of each house of a batch.

    Args:
        answer: To the batch.
        first: Row of its first house among all that are asked for, from 0.
    """
    return [
        _refused(row, place, first + place, answer.model_version)
        if row.WhichOneof("outcome") == "error"
        else _priced(row, first + place, answer)
        for place, row in enumerate(answer.results)
    ]


def _priced(row: RowResult, number: int, answer: PredictBatchResponse) -> Prediction:
    parts = {
        name: getattr(row, name)
        for name in ("interval", "applicability", "explanation")
        if row.HasField(name)
    }
    alone = of_house(
        PredictResponse(
            prediction=row.prediction,
            model_version=answer.model_version,
            timestamp=answer.timestamp,
            warnings=row.warnings,
            range_warnings=row.range_warnings,
            imputed_features=row.imputed_features,
            **parts,
        )
    )
    return replace(alone, document={"row": number, **alone.document})


def _refused(row: RowResult, place: int, number: int, version: str) -> Prediction:
    status = _of_the_house(row.error, f"items[{place}]")
    name = _STATUS_NAMES.get(status.code, "UNKNOWN")
    error = {
        "code": _HTTP_CODES.get(name, _HTTP_FAULT),
        "message": status.message,
        "status": name,
        "details": MessageToDict(status, preserving_proto_field_name=True)["details"],
    }
    return Prediction(
        price=None,
        error=refusal.one_line(status),
        warnings=(),
        imputed=(),
        version=version,
        document={"row": number, "error": error},
    )


def _of_the_house(status: Status, place: str) -> Status:
    """Return an error without the place of the house, which counts within one of many calls."""
    changed, bad = Status(), BadRequest()
    changed.CopyFrom(status)
    changed.message = status.message.removeprefix(f"{place}: ").replace(f"{place}.", "")
    for detail in changed.details:
        if detail.Unpack(bad):
            for violation in bad.field_violations:
                violation.field = violation.field.removeprefix(place).removeprefix(".") or "house"
            detail.Pack(bad)
    return changed
