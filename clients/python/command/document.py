"""Answers as JSON: with the names and forms that the contract's messages have there."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from grpc import StatusCode

from ..errors import FieldViolation
from ..results import ModelInfo, Prediction, RowError

_TYPES = "type.googleapis.com/google.rpc"
_DOMAIN = "housing.v1"
# Of the HTTP codes that google/rpc/code.proto gives, those of a row.
_HTTP_CODES = {StatusCode.INVALID_ARGUMENT: 400}
_HTTP_FAULT = 500


def of_prediction(found: Prediction) -> dict[str, Any]:
    """Returns the price of one house, as Predict has it."""
    return {
        "prediction": found.price,
        "model_version": found.model_version,
        "timestamp": _moment(found.timestamp),
        "warnings": list(found.warnings or ()),
        "range_warnings": [asdict(each) for each in found.range_warnings or ()],
        "imputed_features": list(found.imputed_features or ()),
    }


def of_info(found: ModelInfo) -> dict[str, Any]:
    """Returns all about a model, as ModelInfo has it."""
    return {
        **asdict(found),
        "trained_at": _moment(found.trained_at),
        "loaded_at": _moment(found.loaded_at),
    }


def of_error(error: RowError) -> dict[str, Any]:
    """Returns why a row has no price, as the stream over HTTP has it."""
    alone = without_place(error)
    details: list[dict[str, Any]] = [
        {"@type": f"{_TYPES}.ErrorInfo", "reason": alone.reason, "domain": _DOMAIN}
    ]
    if alone.violations:
        violations = [
            {"field": each.field or "house", "description": each.description}
            for each in alone.violations
        ]
        details.append({"@type": f"{_TYPES}.BadRequest", "field_violations": violations})
    return {
        "code": _HTTP_CODES.get(alone.code, _HTTP_FAULT),
        "message": alone.message,
        "status": alone.code.name,
        "details": details,
    }


def without_place(error: RowError) -> RowError:
    """Returns an error whose texts do not name the house, which the row does."""
    place = f"items[{error.row}]"
    return RowError(
        row=error.row,
        code=error.code,
        reason=error.reason,
        message=error.message.removeprefix(place).lstrip(".: ").replace(f"{place}.", ""),
        violations=tuple(
            FieldViolation(
                field=each.field.removeprefix(f"{place}.").replace(place, ""),
                description=each.description,
            )
            for each in error.violations
        ),
    )


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
