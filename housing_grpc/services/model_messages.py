"""The messages of ModelService: which model is wanted, and what is told of one."""

import re

from housing.v1 import model_pb2 as pb
from housing.v1.prediction_pb2 import House

from housing_grpc.base.errors import Reason, ServingError, Violation
from housing_grpc.base.version import VERSION
from housing_grpc.bundle import schema
from housing_grpc.bundle.difference import PriceChange
from housing_grpc.bundle.metadata import INTERVAL_LEVEL, Feature
from housing_grpc.bundle.model import Bundle
from housing_grpc.bundle.parts.explanation import Link
from housing_grpc.bundle.schema import FEATURES, FeatureSpec
from housing_grpc.houses.decode import FIELDS
from housing_grpc.houses.encode_details import METHODS
from housing_grpc.houses.options import MOST_LEVEL
from housing_grpc.model.live import LiveModel
from housing_grpc.model.reload_manager import DryRun, Reloaded
from housing_grpc.model.source import Target
from housing_grpc.registry.location import is_alias
from housing_grpc.services.explainer import most_rows

# A registry numbers its versions in 32 bits; more digits would make the database fail.
_VERSION = re.compile("[0-9]{1,9}")


def encode_info(live: LiveModel, explain_seconds: float) -> pb.ModelInfoResponse:
    """Returns all that a caller may want to know about the live model.

    Args:
        live: The model.
        explain_seconds: Most processor time to explain the prices of one call.
    """
    metadata, facts = live.bundle.metadata, live.facts
    target = metadata.target
    response = pb.ModelInfoResponse(
        name=metadata.name,
        version=live.version,
        model_type=metadata.model_type,
        preprocessing=metadata.preprocessing,
        features=map(_encode_feature, FEATURES, metadata.features),
        target=pb.TargetInfo(name=target.name, unit=target.unit, min=target.min, max=target.max),
        metrics=metadata.metrics,
        bundle_digest=live.bundle.digest,
        data_digest=metadata.data_digest,
        library_versions=metadata.library_versions,
        source=facts.source,
        stale=facts.stale,
        generation=facts.generation,
        run_id=metadata.run_id,
        server_version=VERSION,
        evaluator=live.bundle.evaluator,
        schema_digest=schema.digest(target.name, target.unit),
        rolled_back_from=facts.rolled_back_from,
    )
    _add_parts(response, live.bundle, explain_seconds)
    response.trained_at.FromDatetime(metadata.trained_at)
    response.loaded_at.FromDatetime(facts.loaded_at)
    return response


def decode_target(request: pb.ReloadModelRequest) -> Target:
    """Reads which model to make live.

    Raises:
        ServingError: INVALID_TARGET.
    """
    chosen = request.WhichOneof("target")
    if chosen == "version" and not _VERSION.fullmatch(request.version):
        raise _invalid_target("version", "must be a registered version's number, such as '2'")
    if chosen == "alias" and not is_alias(request.alias):
        raise _invalid_target("alias", "must be a name such as 'production', or be left out")
    return Target(version=request.version or None, alias=request.alias or None)


def encode_reloaded(reloaded: Reloaded) -> pb.ReloadModelResponse:
    """Returns what a reload did."""
    response = pb.ReloadModelResponse(
        previous_version=reloaded.previous_version,
        version=reloaded.live.version,
        changed=reloaded.changed,
        bundle_digest=reloaded.live.digest,
        generation=reloaded.live.facts.generation,
    )
    response.duration.FromNanoseconds(round(reloaded.seconds * 1e9))
    return response


def encode_rolled_back(reloaded: Reloaded) -> pb.RollbackModelResponse:
    """Returns what a rollback did."""
    response = pb.RollbackModelResponse(
        previous_version=reloaded.previous_version,
        version=reloaded.live.version,
        bundle_digest=reloaded.live.digest,
        generation=reloaded.live.facts.generation,
    )
    response.duration.FromNanoseconds(round(reloaded.seconds * 1e9))
    return response


def encode_dry_run(found: DryRun) -> pb.ReloadModelResponse:
    """Returns what a reload would do."""
    difference = found.difference
    response = pb.ReloadModelResponse(
        previous_version=found.live.version,
        version=found.version,
        changed=found.changed,
        bundle_digest=found.digest,
        generation=found.live.facts.generation,
        diff=pb.ReloadDiff(
            rows=difference.rows,
            rows_from="golden rows",
            mean_change=difference.mean,
            p99_change=difference.p99,
            largest_change=difference.largest,
            changes=map(_encode_change, difference.changes),
        ),
    )
    response.duration.FromNanoseconds(round(found.seconds * 1e9))
    return response


def _encode_change(change: PriceChange) -> pb.PriceChange:
    values = zip(FIELDS, change.house, strict=True)
    house = House(**{name: value for name, value in values if value is not None})
    return pb.PriceChange(house=house, price=change.price, new_price=change.new_price)


def _invalid_target(field: str, fix: str) -> ServingError:
    return ServingError(
        Reason.INVALID_TARGET,
        f"{field}: {fix}",
        violations=(Violation(field=field, description=fix),),
    )


def _add_parts(response: pb.ModelInfoResponse, bundle: Bundle, explain_seconds: float) -> None:
    parts = bundle.parts
    if parts.interval is not None:
        facts = parts.interval
        response.interval.CopyFrom(
            pb.IntervalInfo(
                method=facts.method,
                folds=facts.folds,
                scores=facts.scores,
                level=INTERVAL_LEVEL,
                coverage=facts.coverage,
                coverage_error=facts.coverage_error,
                coverage_by_town=facts.town_coverage,
                width=facts.width,
                max_level=min(MOST_LEVEL, facts.scores / (facts.scores + 1)),
            )
        )
    if parts.applicability is not None:
        known = parts.applicability
        response.applicability.CopyFrom(
            pb.ApplicabilityInfo(method=known.method, houses=known.points)
        )
    if parts.explanation is not None and bundle.explainer is not None:
        response.explanation.CopyFrom(
            pb.ExplanationInfo(
                method=METHODS[parts.explanation.method],
                multiplicative=parts.explanation.link is Link.LOG,
                base=bundle.explainer.base,
                max_rows=most_rows(bundle, explain_seconds),
            )
        )


def _encode_feature(spec: FeatureSpec, feature: Feature) -> pb.FeatureInfo:
    return pb.FeatureInfo(
        name=spec.name,
        unit=spec.unit,
        description=spec.description,
        min=feature.min,
        max=feature.max,
        missing_count=feature.missing_count,
        integer=spec.integer or bool(spec.choices),
        choices=spec.choices,
    )
