"""From the messages of the contract to the objects of `results`."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from google.protobuf.timestamp_pb2 import Timestamp
from housing.v1 import model_pb2, prediction_pb2

from . import remarks
from .failure import code_of, details_of
from .results import (
    ApplicabilityInfo,
    ExplanationInfo,
    FeatureInfo,
    IntervalInfo,
    ModelInfo,
    Prediction,
    PriceChange,
    RangeWarning,
    ReloadDiff,
    Reloaded,
    RolledBack,
    RowError,
    TargetInfo,
)


def moment(timestamp: Timestamp) -> datetime:
    """Returns a time with its zone, to the microsecond."""
    return timestamp.ToDatetime(tzinfo=UTC)


def prediction(answer: prediction_pb2.PredictResponse) -> Prediction:
    """Returns the answer to Predict."""
    return Prediction(
        price=answer.prediction,
        model_version=answer.model_version,
        timestamp=moment(answer.timestamp),
        warnings=tuple(answer.warnings),
        range_warnings=_ranges(answer.range_warnings),
        out_of_range_features=tuple(each.feature for each in answer.range_warnings),
        imputed_features=tuple(answer.imputed_features),
        interval=remarks.interval(answer),
        applicability=remarks.applicability(answer),
        explanation=remarks.explanation(answer),
        receipt=answer.receipt or None,
    )


def row_result(
    result: prediction_pb2.RowResult, row: int, place: int, version: str, at: datetime
) -> Prediction | RowError:
    """Returns what became of one house of many.

    Args:
        result: As it came over the wire.
        row: Number of the house among all.
        place: Its place in the request.
        version: Of the model that answered.
        at: When it answered.
    """
    if result.HasField("error"):
        return row_error(result.error, row, place)
    return Prediction(
        row=row,
        price=result.prediction,
        model_version=version,
        timestamp=at,
        warnings=tuple(result.warnings),
        range_warnings=_ranges(result.range_warnings),
        out_of_range_features=tuple(each.feature for each in result.range_warnings),
        imputed_features=tuple(result.imputed_features),
        interval=remarks.interval(result),
        applicability=remarks.applicability(result),
        explanation=remarks.explanation(result),
        receipt=result.receipt or None,
    )


def row_error(status: object, row: int, place: int) -> RowError:
    """Returns why a house was not scored, under its number among all, which its texts leave out.

    Args:
        status: A google.rpc.Status, whose texts name the house by its place.
        row: Number of the house among all.
        place: Its place in the request.
    """
    details = details_of(status.details)  # type: ignore[attr-defined]
    here = f"items[{place}]"
    message: str = status.message  # type: ignore[attr-defined]
    return RowError(
        row=row,
        code=code_of(status.code),  # type: ignore[attr-defined]
        reason=details.reason,
        message=message.removeprefix(f"{here}: ").replace(f"{here}.", ""),
        violations=tuple(
            type(each)(
                field=each.field.removeprefix(here).removeprefix(".") or "house",
                description=each.description,
            )
            for each in details.violations
        ),
    )


def model_info(answer: model_pb2.ModelInfoResponse) -> ModelInfo:
    """Returns the answer to ModelInfo."""
    plain = ("name", "version", "model_type", "preprocessing", "bundle_digest", "data_digest",
             "source", "stale", "generation", "run_id", "server_version", "evaluator",
             "schema_digest")  # fmt: skip
    target = answer.target
    return ModelInfo(
        **{name: getattr(answer, name) for name in plain},
        features=tuple(_feature(each) for each in answer.features),
        target=TargetInfo(name=target.name, unit=target.unit, min=target.min, max=target.max),
        metrics=dict(answer.metrics),
        library_versions=dict(answer.library_versions),
        trained_at=moment(answer.trained_at),
        loaded_at=moment(answer.loaded_at),
        interval=_interval(answer.interval) if answer.HasField("interval") else None,
        applicability=(
            _applicability(answer.applicability) if answer.HasField("applicability") else None
        ),
        explanation=_explanation(answer.explanation) if answer.HasField("explanation") else None,
        rolled_back_from=answer.rolled_back_from,
    )


def reloaded(answer: model_pb2.ReloadModelResponse) -> Reloaded:
    """Returns the answer to ReloadModel."""
    return Reloaded(
        previous_version=answer.previous_version,
        version=answer.version,
        changed=answer.changed,
        duration=timedelta(microseconds=answer.duration.ToMicroseconds()),
        bundle_digest=answer.bundle_digest,
        generation=answer.generation,
        diff=_diff(answer.diff) if answer.HasField("diff") else None,
    )


def rolled_back(answer: model_pb2.RollbackModelResponse) -> RolledBack:
    """Returns the answer to RollbackModel."""
    return RolledBack(
        previous_version=answer.previous_version,
        version=answer.version,
        duration=timedelta(microseconds=answer.duration.ToMicroseconds()),
        bundle_digest=answer.bundle_digest,
        generation=answer.generation,
    )


def _diff(found: model_pb2.ReloadDiff) -> ReloadDiff:
    return ReloadDiff(
        rows=found.rows,
        rows_from=found.rows_from,
        mean_change=found.mean_change,
        p99_change=found.p99_change,
        largest_change=found.largest_change,
        changes=tuple(
            PriceChange(
                house={field.json_name: value for field, value in each.house.ListFields()},
                price=each.price,
                new_price=each.new_price,
            )
            for each in found.changes
        ),
    )


def _feature(info: model_pb2.FeatureInfo) -> FeatureInfo:
    return FeatureInfo(
        name=info.name,
        unit=info.unit,
        description=info.description,
        min=info.min,
        max=info.max,
        missing_count=info.missing_count,
        integer=info.integer,
        choices=tuple(info.choices),
    )


def _interval(info: model_pb2.IntervalInfo) -> IntervalInfo:
    return IntervalInfo(
        method=info.method,
        folds=info.folds,
        scores=info.scores,
        level=info.level,
        coverage=info.coverage,
        coverage_error=info.coverage_error,
        coverage_by_town=info.coverage_by_town,
        width=info.width,
        max_level=info.max_level,
    )


def _applicability(info: model_pb2.ApplicabilityInfo) -> ApplicabilityInfo:
    return ApplicabilityInfo(method=info.method, houses=info.houses)


def _explanation(info: model_pb2.ExplanationInfo) -> ExplanationInfo:
    return ExplanationInfo(
        method=remarks.method_name(info.method),
        multiplicative=info.multiplicative,
        base=info.base,
        max_rows=info.max_rows,
    )


def _ranges(warnings: Sequence[prediction_pb2.RangeWarning]) -> tuple[RangeWarning, ...]:
    return tuple(
        RangeWarning(feature=each.feature, value=each.value, min=each.min, max=each.max)
        for each in warnings
    )
