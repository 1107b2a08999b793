import datetime

from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.rpc import status_pb2 as _status_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Recorded(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RECORDED_UNSPECIFIED: _ClassVar[Recorded]
    RECORDED_NEW: _ClassVar[Recorded]
    RECORDED_SAME: _ClassVar[Recorded]
    RECORDED_CORRECTED: _ClassVar[Recorded]
    RECORDED_RETRACTED: _ClassVar[Recorded]
RECORDED_UNSPECIFIED: Recorded
RECORDED_NEW: Recorded
RECORDED_SAME: Recorded
RECORDED_CORRECTED: Recorded
RECORDED_RETRACTED: Recorded

class RecordOutcomesRequest(_message.Message):
    __slots__ = ("items",)
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[Outcome]
    def __init__(self, items: _Optional[_Iterable[_Union[Outcome, _Mapping]]] = ...) -> None: ...

class Outcome(_message.Message):
    __slots__ = ("receipt", "actual", "observed_at", "source", "retract")
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    ACTUAL_FIELD_NUMBER: _ClassVar[int]
    OBSERVED_AT_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    RETRACT_FIELD_NUMBER: _ClassVar[int]
    receipt: str
    actual: float
    observed_at: _timestamp_pb2.Timestamp
    source: str
    retract: bool
    def __init__(self, receipt: _Optional[str] = ..., actual: _Optional[float] = ..., observed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., source: _Optional[str] = ..., retract: _Optional[bool] = ...) -> None: ...

class RecordOutcomesResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[OutcomeResult]
    def __init__(self, results: _Optional[_Iterable[_Union[OutcomeResult, _Mapping]]] = ...) -> None: ...

class OutcomeResult(_message.Message):
    __slots__ = ("recorded", "error")
    RECORDED_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    recorded: Recorded
    error: _status_pb2.Status
    def __init__(self, recorded: _Optional[_Union[Recorded, str]] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...

class GetQualityRequest(_message.Message):
    __slots__ = ("model_version",)
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    model_version: str
    def __init__(self, model_version: _Optional[str] = ...) -> None: ...

class GetQualityResponse(_message.Message):
    __slots__ = ("models",)
    MODELS_FIELD_NUMBER: _ClassVar[int]
    models: _containers.RepeatedCompositeFieldContainer[ModelQuality]
    def __init__(self, models: _Optional[_Iterable[_Union[ModelQuality, _Mapping]]] = ...) -> None: ...

class ModelQuality(_message.Message):
    __slots__ = ("model_version", "bundle_digest", "live", "total_labels", "labels", "sums", "rmse", "mae", "bias", "interval", "skill", "expected_mae", "latest")
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    BUNDLE_DIGEST_FIELD_NUMBER: _ClassVar[int]
    LIVE_FIELD_NUMBER: _ClassVar[int]
    TOTAL_LABELS_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    SUMS_FIELD_NUMBER: _ClassVar[int]
    RMSE_FIELD_NUMBER: _ClassVar[int]
    MAE_FIELD_NUMBER: _ClassVar[int]
    BIAS_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    SKILL_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_MAE_FIELD_NUMBER: _ClassVar[int]
    LATEST_FIELD_NUMBER: _ClassVar[int]
    model_version: str
    bundle_digest: str
    live: bool
    total_labels: int
    labels: int
    sums: ErrorSums
    rmse: float
    mae: float
    bias: float
    interval: IntervalQuality
    skill: float
    expected_mae: float
    latest: _timestamp_pb2.Timestamp
    def __init__(self, model_version: _Optional[str] = ..., bundle_digest: _Optional[str] = ..., live: _Optional[bool] = ..., total_labels: _Optional[int] = ..., labels: _Optional[int] = ..., sums: _Optional[_Union[ErrorSums, _Mapping]] = ..., rmse: _Optional[float] = ..., mae: _Optional[float] = ..., bias: _Optional[float] = ..., interval: _Optional[_Union[IntervalQuality, _Mapping]] = ..., skill: _Optional[float] = ..., expected_mae: _Optional[float] = ..., latest: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ErrorSums(_message.Message):
    __slots__ = ("error", "absolute", "squared")
    ERROR_FIELD_NUMBER: _ClassVar[int]
    ABSOLUTE_FIELD_NUMBER: _ClassVar[int]
    SQUARED_FIELD_NUMBER: _ClassVar[int]
    error: float
    absolute: float
    squared: float
    def __init__(self, error: _Optional[float] = ..., absolute: _Optional[float] = ..., squared: _Optional[float] = ...) -> None: ...

class IntervalQuality(_message.Message):
    __slots__ = ("labels", "covered", "ratio", "lower", "upper", "detector", "alarm")
    LABELS_FIELD_NUMBER: _ClassVar[int]
    COVERED_FIELD_NUMBER: _ClassVar[int]
    RATIO_FIELD_NUMBER: _ClassVar[int]
    LOWER_FIELD_NUMBER: _ClassVar[int]
    UPPER_FIELD_NUMBER: _ClassVar[int]
    DETECTOR_FIELD_NUMBER: _ClassVar[int]
    ALARM_FIELD_NUMBER: _ClassVar[int]
    labels: int
    covered: int
    ratio: float
    lower: float
    upper: float
    detector: float
    alarm: bool
    def __init__(self, labels: _Optional[int] = ..., covered: _Optional[int] = ..., ratio: _Optional[float] = ..., lower: _Optional[float] = ..., upper: _Optional[float] = ..., detector: _Optional[float] = ..., alarm: _Optional[bool] = ...) -> None: ...
