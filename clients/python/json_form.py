"""Answers as JSON: with the names and forms that the contract's messages have there."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from google.protobuf.duration_pb2 import Duration
from grpc import StatusCode

from .results import ModelInfo, Prediction, Reloaded, RolledBack, RowError

_TYPES = "type.googleapis.com/google.rpc"
_DOMAIN = "housing.v1"
# Of the HTTP codes that google/rpc/code.proto gives, those of a row.
_HTTP_CODES = {StatusCode.INVALID_ARGUMENT: 400}
_HTTP_FAULT = 500


def to_json(answer: Prediction | RowError | ModelInfo | Reloaded | RolledBack) -> dict[str, Any]:
    """Returns an answer as JSON, in the form that all clients and the REST proxy have.

    Args:
        answer: Of one house; of one of many, as a line of the stream over HTTP has it; of a model.
    """
    if isinstance(answer, ModelInfo):
        return of_info(answer)
    if isinstance(answer, Reloaded):
        return of_reload(answer)
    if isinstance(answer, RolledBack):
        return of_rollback(answer)
    is_one = isinstance(answer, Prediction) and answer.row is None
    return of_prediction(answer) if is_one else of_result(answer)  # type: ignore[arg-type]


def of_prediction(found: Prediction) -> dict[str, Any]:
    """Returns the price of one house, as Predict has it; null is what was not asked for."""
    return {
        "prediction": found.price,
        "model_version": found.model_version,
        "timestamp": _moment(found.timestamp),
        "warnings": _listed(found.warnings),
        "range_warnings": _listed(found.range_warnings and map(asdict, found.range_warnings)),
        "imputed_features": _listed(found.imputed_features),
        **_beside(found),
    }


def _beside(found: Prediction) -> dict[str, Any]:
    """Returns what is said beside a price: as over HTTP, without what there is none of."""
    parts: dict[str, Any] = {
        name: asdict(part)
        for name in ("interval", "applicability", "explanation")
        if (part := getattr(found, name)) is not None
    }
    if "explanation" in parts:
        parts["explanation"]["contributions"] = [
            _of_contribution(each) for each in parts["explanation"]["contributions"]
        ]
    if found.receipt is not None:
        parts["receipt"] = found.receipt
    return parts


def _of_contribution(each: dict[str, Any]) -> dict[str, Any]:
    names = ("feature", "value", "amount", "factor", "imputed")
    return {name: each[name] for name in names if name != "factor" or each[name] is not None}


def of_info(found: ModelInfo) -> dict[str, Any]:
    """Returns all about a model, as ModelInfo has it: without what there is none of."""
    return {
        **{name: value for name, value in asdict(found).items() if value is not None},
        "trained_at": _moment(found.trained_at),
        "loaded_at": _moment(found.loaded_at),
    }


def of_reload(found: Reloaded) -> dict[str, Any]:
    """Returns what a reload did, as ReloadModel has it."""
    told = {**asdict(found), "duration": _seconds(found.duration)}
    if found.diff is None:
        del told["diff"]
    return told


def of_rollback(found: RolledBack) -> dict[str, Any]:
    """Returns what a rollback did, as RollbackModel has it."""
    return {**asdict(found), "duration": _seconds(found.duration)}


def of_result(found: Prediction | RowError) -> dict[str, Any]:
    """Returns what became of one house of many, as the stream over HTTP has it."""
    if isinstance(found, Prediction):
        return {"row": found.row, **of_prediction(found)}
    return {"row": found.row, "error": _of_error(found)}


def _of_error(error: RowError) -> dict[str, Any]:
    details: list[dict[str, Any]] = [
        {"@type": f"{_TYPES}.ErrorInfo", "reason": error.reason, "domain": _DOMAIN}
    ]
    if error.violations:
        violations = [asdict(each) for each in error.violations]
        details.append({"@type": f"{_TYPES}.BadRequest", "field_violations": violations})
    return {
        "code": _HTTP_CODES.get(error.code, _HTTP_FAULT),
        "message": error.message,
        "status": error.code.name,
        "details": details,
    }


def _listed(values: Iterable[object] | None) -> list[object] | None:
    return None if values is None else list(values)


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _seconds(duration: timedelta) -> str:
    message = Duration()
    message.FromTimedelta(duration)
    return message.ToJsonString()
