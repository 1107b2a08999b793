import datetime

from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from housing.v1 import prediction_pb2 as _prediction_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ModelInfoRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ModelInfoResponse(_message.Message):
    __slots__ = ("name", "version", "model_type", "preprocessing", "features", "target", "metrics", "trained_at", "loaded_at", "bundle_digest", "data_digest", "library_versions", "source", "stale", "generation", "run_id", "server_version", "evaluator", "schema_digest", "interval", "applicability", "explanation", "rolled_back_from")
    class MetricsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    class LibraryVersionsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    MODEL_TYPE_FIELD_NUMBER: _ClassVar[int]
    PREPROCESSING_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    METRICS_FIELD_NUMBER: _ClassVar[int]
    TRAINED_AT_FIELD_NUMBER: _ClassVar[int]
    LOADED_AT_FIELD_NUMBER: _ClassVar[int]
    BUNDLE_DIGEST_FIELD_NUMBER: _ClassVar[int]
    DATA_DIGEST_FIELD_NUMBER: _ClassVar[int]
    LIBRARY_VERSIONS_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    STALE_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    SERVER_VERSION_FIELD_NUMBER: _ClassVar[int]
    EVALUATOR_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_DIGEST_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    APPLICABILITY_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    ROLLED_BACK_FROM_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: str
    model_type: str
    preprocessing: str
    features: _containers.RepeatedCompositeFieldContainer[FeatureInfo]
    target: TargetInfo
    metrics: _containers.ScalarMap[str, float]
    trained_at: _timestamp_pb2.Timestamp
    loaded_at: _timestamp_pb2.Timestamp
    bundle_digest: str
    data_digest: str
    library_versions: _containers.ScalarMap[str, str]
    source: str
    stale: bool
    generation: int
    run_id: str
    server_version: str
    evaluator: str
    schema_digest: str
    interval: IntervalInfo
    applicability: ApplicabilityInfo
    explanation: ExplanationInfo
    rolled_back_from: str
    def __init__(self, name: _Optional[str] = ..., version: _Optional[str] = ..., model_type: _Optional[str] = ..., preprocessing: _Optional[str] = ..., features: _Optional[_Iterable[_Union[FeatureInfo, _Mapping]]] = ..., target: _Optional[_Union[TargetInfo, _Mapping]] = ..., metrics: _Optional[_Mapping[str, float]] = ..., trained_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., loaded_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., bundle_digest: _Optional[str] = ..., data_digest: _Optional[str] = ..., library_versions: _Optional[_Mapping[str, str]] = ..., source: _Optional[str] = ..., stale: _Optional[bool] = ..., generation: _Optional[int] = ..., run_id: _Optional[str] = ..., server_version: _Optional[str] = ..., evaluator: _Optional[str] = ..., schema_digest: _Optional[str] = ..., interval: _Optional[_Union[IntervalInfo, _Mapping]] = ..., applicability: _Optional[_Union[ApplicabilityInfo, _Mapping]] = ..., explanation: _Optional[_Union[ExplanationInfo, _Mapping]] = ..., rolled_back_from: _Optional[str] = ...) -> None: ...

class IntervalInfo(_message.Message):
    __slots__ = ("method", "folds", "scores", "level", "coverage", "coverage_error", "coverage_by_town", "width", "max_level")
    METHOD_FIELD_NUMBER: _ClassVar[int]
    FOLDS_FIELD_NUMBER: _ClassVar[int]
    SCORES_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    COVERAGE_FIELD_NUMBER: _ClassVar[int]
    COVERAGE_ERROR_FIELD_NUMBER: _ClassVar[int]
    COVERAGE_BY_TOWN_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    MAX_LEVEL_FIELD_NUMBER: _ClassVar[int]
    method: str
    folds: int
    scores: int
    level: float
    coverage: float
    coverage_error: float
    coverage_by_town: float
    width: float
    max_level: float
    def __init__(self, method: _Optional[str] = ..., folds: _Optional[int] = ..., scores: _Optional[int] = ..., level: _Optional[float] = ..., coverage: _Optional[float] = ..., coverage_error: _Optional[float] = ..., coverage_by_town: _Optional[float] = ..., width: _Optional[float] = ..., max_level: _Optional[float] = ...) -> None: ...

class ApplicabilityInfo(_message.Message):
    __slots__ = ("method", "houses")
    METHOD_FIELD_NUMBER: _ClassVar[int]
    HOUSES_FIELD_NUMBER: _ClassVar[int]
    method: str
    houses: int
    def __init__(self, method: _Optional[str] = ..., houses: _Optional[int] = ...) -> None: ...

class ExplanationInfo(_message.Message):
    __slots__ = ("method", "multiplicative", "base", "max_rows")
    METHOD_FIELD_NUMBER: _ClassVar[int]
    MULTIPLICATIVE_FIELD_NUMBER: _ClassVar[int]
    BASE_FIELD_NUMBER: _ClassVar[int]
    MAX_ROWS_FIELD_NUMBER: _ClassVar[int]
    method: _prediction_pb2.ExplanationMethod
    multiplicative: bool
    base: float
    max_rows: int
    def __init__(self, method: _Optional[_Union[_prediction_pb2.ExplanationMethod, str]] = ..., multiplicative: _Optional[bool] = ..., base: _Optional[float] = ..., max_rows: _Optional[int] = ...) -> None: ...

class FeatureInfo(_message.Message):
    __slots__ = ("name", "unit", "description", "min", "max", "missing_count", "integer", "choices")
    NAME_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    MIN_FIELD_NUMBER: _ClassVar[int]
    MAX_FIELD_NUMBER: _ClassVar[int]
    MISSING_COUNT_FIELD_NUMBER: _ClassVar[int]
    INTEGER_FIELD_NUMBER: _ClassVar[int]
    CHOICES_FIELD_NUMBER: _ClassVar[int]
    name: str
    unit: str
    description: str
    min: float
    max: float
    missing_count: int
    integer: bool
    choices: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, name: _Optional[str] = ..., unit: _Optional[str] = ..., description: _Optional[str] = ..., min: _Optional[float] = ..., max: _Optional[float] = ..., missing_count: _Optional[int] = ..., integer: _Optional[bool] = ..., choices: _Optional[_Iterable[float]] = ...) -> None: ...

class TargetInfo(_message.Message):
    __slots__ = ("name", "unit", "min", "max")
    NAME_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    MIN_FIELD_NUMBER: _ClassVar[int]
    MAX_FIELD_NUMBER: _ClassVar[int]
    name: str
    unit: str
    min: float
    max: float
    def __init__(self, name: _Optional[str] = ..., unit: _Optional[str] = ..., min: _Optional[float] = ..., max: _Optional[float] = ...) -> None: ...

class ReloadModelRequest(_message.Message):
    __slots__ = ("version", "alias", "dry_run")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    version: str
    alias: str
    dry_run: bool
    def __init__(self, version: _Optional[str] = ..., alias: _Optional[str] = ..., dry_run: _Optional[bool] = ...) -> None: ...

class ReloadModelResponse(_message.Message):
    __slots__ = ("previous_version", "version", "changed", "duration", "bundle_digest", "generation", "diff")
    PREVIOUS_VERSION_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    CHANGED_FIELD_NUMBER: _ClassVar[int]
    DURATION_FIELD_NUMBER: _ClassVar[int]
    BUNDLE_DIGEST_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    DIFF_FIELD_NUMBER: _ClassVar[int]
    previous_version: str
    version: str
    changed: bool
    duration: _duration_pb2.Duration
    bundle_digest: str
    generation: int
    diff: ReloadDiff
    def __init__(self, previous_version: _Optional[str] = ..., version: _Optional[str] = ..., changed: _Optional[bool] = ..., duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., bundle_digest: _Optional[str] = ..., generation: _Optional[int] = ..., diff: _Optional[_Union[ReloadDiff, _Mapping]] = ...) -> None: ...

class ReloadDiff(_message.Message):
    __slots__ = ("rows", "rows_from", "mean_change", "p99_change", "largest_change", "changes")
    ROWS_FIELD_NUMBER: _ClassVar[int]
    ROWS_FROM_FIELD_NUMBER: _ClassVar[int]
    MEAN_CHANGE_FIELD_NUMBER: _ClassVar[int]
    P99_CHANGE_FIELD_NUMBER: _ClassVar[int]
    LARGEST_CHANGE_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    rows: int
    rows_from: str
    mean_change: float
    p99_change: float
    largest_change: float
    changes: _containers.RepeatedCompositeFieldContainer[PriceChange]
    def __init__(self, rows: _Optional[int] = ..., rows_from: _Optional[str] = ..., mean_change: _Optional[float] = ..., p99_change: _Optional[float] = ..., largest_change: _Optional[float] = ..., changes: _Optional[_Iterable[_Union[PriceChange, _Mapping]]] = ...) -> None: ...

class PriceChange(_message.Message):
    __slots__ = ("house", "price", "new_price")
    HOUSE_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    NEW_PRICE_FIELD_NUMBER: _ClassVar[int]
    house: _prediction_pb2.House
    price: float
    new_price: float
    def __init__(self, house: _Optional[_Union[_prediction_pb2.House, _Mapping]] = ..., price: _Optional[float] = ..., new_price: _Optional[float] = ...) -> None: ...

class RollbackModelRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class RollbackModelResponse(_message.Message):
    __slots__ = ("previous_version", "version", "duration", "bundle_digest", "generation")
    PREVIOUS_VERSION_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    DURATION_FIELD_NUMBER: _ClassVar[int]
    BUNDLE_DIGEST_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    previous_version: str
    version: str
    duration: _duration_pb2.Duration
    bundle_digest: str
    generation: int
    def __init__(self, previous_version: _Optional[str] = ..., version: _Optional[str] = ..., duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., bundle_digest: _Optional[str] = ..., generation: _Optional[int] = ...) -> None: ...
