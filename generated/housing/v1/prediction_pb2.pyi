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

class ExplanationMethod(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EXPLANATION_METHOD_UNSPECIFIED: _ClassVar[ExplanationMethod]
    EXPLANATION_METHOD_LINEAR: _ClassVar[ExplanationMethod]
    EXPLANATION_METHOD_TREE_PATH_DEPENDENT: _ClassVar[ExplanationMethod]
    EXPLANATION_METHOD_REFERENCE: _ClassVar[ExplanationMethod]

class Variant(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VARIANT_UNSPECIFIED: _ClassVar[Variant]
    VARIANT_CHAMPION: _ClassVar[Variant]
    VARIANT_CHALLENGER: _ClassVar[Variant]
EXPLANATION_METHOD_UNSPECIFIED: ExplanationMethod
EXPLANATION_METHOD_LINEAR: ExplanationMethod
EXPLANATION_METHOD_TREE_PATH_DEPENDENT: ExplanationMethod
EXPLANATION_METHOD_REFERENCE: ExplanationMethod
VARIANT_UNSPECIFIED: Variant
VARIANT_CHAMPION: Variant
VARIANT_CHALLENGER: Variant

class House(_message.Message):
    __slots__ = ("crim", "zn", "indus", "chas", "nox", "rm", "age", "dis", "rad", "tax", "ptratio", "b", "lstat")
    CRIM_FIELD_NUMBER: _ClassVar[int]
    ZN_FIELD_NUMBER: _ClassVar[int]
    INDUS_FIELD_NUMBER: _ClassVar[int]
    CHAS_FIELD_NUMBER: _ClassVar[int]
    NOX_FIELD_NUMBER: _ClassVar[int]
    RM_FIELD_NUMBER: _ClassVar[int]
    AGE_FIELD_NUMBER: _ClassVar[int]
    DIS_FIELD_NUMBER: _ClassVar[int]
    RAD_FIELD_NUMBER: _ClassVar[int]
    TAX_FIELD_NUMBER: _ClassVar[int]
    PTRATIO_FIELD_NUMBER: _ClassVar[int]
    B_FIELD_NUMBER: _ClassVar[int]
    LSTAT_FIELD_NUMBER: _ClassVar[int]
    crim: float
    zn: float
    indus: float
    chas: float
    nox: float
    rm: float
    age: float
    dis: float
    rad: float
    tax: float
    ptratio: float
    b: float
    lstat: float
    def __init__(self, crim: _Optional[float] = ..., zn: _Optional[float] = ..., indus: _Optional[float] = ..., chas: _Optional[float] = ..., nox: _Optional[float] = ..., rm: _Optional[float] = ..., age: _Optional[float] = ..., dis: _Optional[float] = ..., rad: _Optional[float] = ..., tax: _Optional[float] = ..., ptratio: _Optional[float] = ..., b: _Optional[float] = ..., lstat: _Optional[float] = ...) -> None: ...

class PredictRequest(_message.Message):
    __slots__ = ("house", "explain", "reference", "level", "receipt", "routing_key")
    HOUSE_FIELD_NUMBER: _ClassVar[int]
    EXPLAIN_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    ROUTING_KEY_FIELD_NUMBER: _ClassVar[int]
    house: House
    explain: bool
    reference: House
    level: float
    receipt: bool
    routing_key: str
    def __init__(self, house: _Optional[_Union[House, _Mapping]] = ..., explain: _Optional[bool] = ..., reference: _Optional[_Union[House, _Mapping]] = ..., level: _Optional[float] = ..., receipt: _Optional[bool] = ..., routing_key: _Optional[str] = ...) -> None: ...

class PredictResponse(_message.Message):
    __slots__ = ("prediction", "model_version", "timestamp", "warnings", "range_warnings", "imputed_features", "interval", "applicability", "explanation", "receipt", "variant")
    PREDICTION_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    RANGE_WARNINGS_FIELD_NUMBER: _ClassVar[int]
    IMPUTED_FEATURES_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    APPLICABILITY_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    prediction: float
    model_version: str
    timestamp: _timestamp_pb2.Timestamp
    warnings: _containers.RepeatedScalarFieldContainer[str]
    range_warnings: _containers.RepeatedCompositeFieldContainer[RangeWarning]
    imputed_features: _containers.RepeatedScalarFieldContainer[str]
    interval: PriceInterval
    applicability: Applicability
    explanation: Explanation
    receipt: str
    variant: Variant
    def __init__(self, prediction: _Optional[float] = ..., model_version: _Optional[str] = ..., timestamp: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., warnings: _Optional[_Iterable[str]] = ..., range_warnings: _Optional[_Iterable[_Union[RangeWarning, _Mapping]]] = ..., imputed_features: _Optional[_Iterable[str]] = ..., interval: _Optional[_Union[PriceInterval, _Mapping]] = ..., applicability: _Optional[_Union[Applicability, _Mapping]] = ..., explanation: _Optional[_Union[Explanation, _Mapping]] = ..., receipt: _Optional[str] = ..., variant: _Optional[_Union[Variant, str]] = ...) -> None: ...

class PriceInterval(_message.Message):
    __slots__ = ("lower", "upper", "level", "extrapolated")
    LOWER_FIELD_NUMBER: _ClassVar[int]
    UPPER_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    EXTRAPOLATED_FIELD_NUMBER: _ClassVar[int]
    lower: float
    upper: float
    level: float
    extrapolated: bool
    def __init__(self, lower: _Optional[float] = ..., upper: _Optional[float] = ..., level: _Optional[float] = ..., extrapolated: _Optional[bool] = ...) -> None: ...

class Applicability(_message.Message):
    __slots__ = ("p_value", "distance", "odd_features")
    P_VALUE_FIELD_NUMBER: _ClassVar[int]
    DISTANCE_FIELD_NUMBER: _ClassVar[int]
    ODD_FEATURES_FIELD_NUMBER: _ClassVar[int]
    p_value: float
    distance: float
    odd_features: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, p_value: _Optional[float] = ..., distance: _Optional[float] = ..., odd_features: _Optional[_Iterable[str]] = ...) -> None: ...

class Explanation(_message.Message):
    __slots__ = ("base", "contributions", "method")
    BASE_FIELD_NUMBER: _ClassVar[int]
    CONTRIBUTIONS_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    base: float
    contributions: _containers.RepeatedCompositeFieldContainer[Contribution]
    method: ExplanationMethod
    def __init__(self, base: _Optional[float] = ..., contributions: _Optional[_Iterable[_Union[Contribution, _Mapping]]] = ..., method: _Optional[_Union[ExplanationMethod, str]] = ...) -> None: ...

class Contribution(_message.Message):
    __slots__ = ("feature", "value", "amount", "factor", "imputed")
    FEATURE_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    FACTOR_FIELD_NUMBER: _ClassVar[int]
    IMPUTED_FIELD_NUMBER: _ClassVar[int]
    feature: str
    value: float
    amount: float
    factor: float
    imputed: bool
    def __init__(self, feature: _Optional[str] = ..., value: _Optional[float] = ..., amount: _Optional[float] = ..., factor: _Optional[float] = ..., imputed: _Optional[bool] = ...) -> None: ...

class RangeWarning(_message.Message):
    __slots__ = ("feature", "value", "min", "max")
    FEATURE_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    MIN_FIELD_NUMBER: _ClassVar[int]
    MAX_FIELD_NUMBER: _ClassVar[int]
    feature: str
    value: float
    min: float
    max: float
    def __init__(self, feature: _Optional[str] = ..., value: _Optional[float] = ..., min: _Optional[float] = ..., max: _Optional[float] = ...) -> None: ...

class PredictBatchRequest(_message.Message):
    __slots__ = ("items", "explain", "reference", "level", "receipt", "routing_key")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    EXPLAIN_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    ROUTING_KEY_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[House]
    explain: bool
    reference: House
    level: float
    receipt: bool
    routing_key: str
    def __init__(self, items: _Optional[_Iterable[_Union[House, _Mapping]]] = ..., explain: _Optional[bool] = ..., reference: _Optional[_Union[House, _Mapping]] = ..., level: _Optional[float] = ..., receipt: _Optional[bool] = ..., routing_key: _Optional[str] = ...) -> None: ...

class PredictBatchResponse(_message.Message):
    __slots__ = ("results", "model_version", "timestamp", "variant")
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[RowResult]
    model_version: str
    timestamp: _timestamp_pb2.Timestamp
    variant: Variant
    def __init__(self, results: _Optional[_Iterable[_Union[RowResult, _Mapping]]] = ..., model_version: _Optional[str] = ..., timestamp: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., variant: _Optional[_Union[Variant, str]] = ...) -> None: ...

class RowResult(_message.Message):
    __slots__ = ("prediction", "error", "warnings", "range_warnings", "imputed_features", "interval", "applicability", "explanation", "receipt")
    PREDICTION_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    RANGE_WARNINGS_FIELD_NUMBER: _ClassVar[int]
    IMPUTED_FEATURES_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    APPLICABILITY_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    prediction: float
    error: _status_pb2.Status
    warnings: _containers.RepeatedScalarFieldContainer[str]
    range_warnings: _containers.RepeatedCompositeFieldContainer[RangeWarning]
    imputed_features: _containers.RepeatedScalarFieldContainer[str]
    interval: PriceInterval
    applicability: Applicability
    explanation: Explanation
    receipt: str
    def __init__(self, prediction: _Optional[float] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ..., warnings: _Optional[_Iterable[str]] = ..., range_warnings: _Optional[_Iterable[_Union[RangeWarning, _Mapping]]] = ..., imputed_features: _Optional[_Iterable[str]] = ..., interval: _Optional[_Union[PriceInterval, _Mapping]] = ..., applicability: _Optional[_Union[Applicability, _Mapping]] = ..., explanation: _Optional[_Union[Explanation, _Mapping]] = ..., receipt: _Optional[str] = ...) -> None: ...

class PredictStreamRequest(_message.Message):
    __slots__ = ("sequence", "rows", "matrix", "pin_model", "explain", "reference", "level", "receipt", "routing_key", "intervals")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    MATRIX_FIELD_NUMBER: _ClassVar[int]
    PIN_MODEL_FIELD_NUMBER: _ClassVar[int]
    EXPLAIN_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    ROUTING_KEY_FIELD_NUMBER: _ClassVar[int]
    INTERVALS_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    rows: HouseRows
    matrix: HouseMatrix
    pin_model: bool
    explain: bool
    reference: House
    level: float
    receipt: bool
    routing_key: str
    intervals: bool
    def __init__(self, sequence: _Optional[int] = ..., rows: _Optional[_Union[HouseRows, _Mapping]] = ..., matrix: _Optional[_Union[HouseMatrix, _Mapping]] = ..., pin_model: _Optional[bool] = ..., explain: _Optional[bool] = ..., reference: _Optional[_Union[House, _Mapping]] = ..., level: _Optional[float] = ..., receipt: _Optional[bool] = ..., routing_key: _Optional[str] = ..., intervals: _Optional[bool] = ...) -> None: ...

class HouseRows(_message.Message):
    __slots__ = ("items",)
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[House]
    def __init__(self, items: _Optional[_Iterable[_Union[House, _Mapping]]] = ...) -> None: ...

class HouseMatrix(_message.Message):
    __slots__ = ("features", "values")
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    features: _containers.RepeatedScalarFieldContainer[str]
    values: bytes
    def __init__(self, features: _Optional[_Iterable[str]] = ..., values: _Optional[bytes] = ...) -> None: ...

class PredictStreamResponse(_message.Message):
    __slots__ = ("chunk", "summary")
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    chunk: ChunkResult
    summary: StreamSummary
    def __init__(self, chunk: _Optional[_Union[ChunkResult, _Mapping]] = ..., summary: _Optional[_Union[StreamSummary, _Mapping]] = ...) -> None: ...

class ChunkResult(_message.Message):
    __slots__ = ("sequence", "model_version", "timestamp", "rows", "prices", "variant")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    PRICES_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    model_version: str
    timestamp: _timestamp_pb2.Timestamp
    rows: RowResults
    prices: PriceVector
    variant: Variant
    def __init__(self, sequence: _Optional[int] = ..., model_version: _Optional[str] = ..., timestamp: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., rows: _Optional[_Union[RowResults, _Mapping]] = ..., prices: _Optional[_Union[PriceVector, _Mapping]] = ..., variant: _Optional[_Union[Variant, str]] = ...) -> None: ...

class RowResults(_message.Message):
    __slots__ = ("items",)
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[RowResult]
    def __init__(self, items: _Optional[_Iterable[_Union[RowResult, _Mapping]]] = ...) -> None: ...

class PriceVector(_message.Message):
    __slots__ = ("values", "errors", "out_of_range_rows", "imputed_rows", "out_of_range", "imputed", "intervals", "applicability", "contributions", "base")
    VALUES_FIELD_NUMBER: _ClassVar[int]
    ERRORS_FIELD_NUMBER: _ClassVar[int]
    OUT_OF_RANGE_ROWS_FIELD_NUMBER: _ClassVar[int]
    IMPUTED_ROWS_FIELD_NUMBER: _ClassVar[int]
    OUT_OF_RANGE_FIELD_NUMBER: _ClassVar[int]
    IMPUTED_FIELD_NUMBER: _ClassVar[int]
    INTERVALS_FIELD_NUMBER: _ClassVar[int]
    APPLICABILITY_FIELD_NUMBER: _ClassVar[int]
    CONTRIBUTIONS_FIELD_NUMBER: _ClassVar[int]
    BASE_FIELD_NUMBER: _ClassVar[int]
    values: bytes
    errors: _containers.RepeatedCompositeFieldContainer[RowError]
    out_of_range_rows: int
    imputed_rows: int
    out_of_range: bytes
    imputed: bytes
    intervals: bytes
    applicability: bytes
    contributions: bytes
    base: float
    def __init__(self, values: _Optional[bytes] = ..., errors: _Optional[_Iterable[_Union[RowError, _Mapping]]] = ..., out_of_range_rows: _Optional[int] = ..., imputed_rows: _Optional[int] = ..., out_of_range: _Optional[bytes] = ..., imputed: _Optional[bytes] = ..., intervals: _Optional[bytes] = ..., applicability: _Optional[bytes] = ..., contributions: _Optional[bytes] = ..., base: _Optional[float] = ...) -> None: ...

class RowError(_message.Message):
    __slots__ = ("row", "error")
    ROW_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    row: int
    error: _status_pb2.Status
    def __init__(self, row: _Optional[int] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...

class StreamSummary(_message.Message):
    __slots__ = ("chunks", "rows", "errors", "model_versions")
    CHUNKS_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    ERRORS_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSIONS_FIELD_NUMBER: _ClassVar[int]
    chunks: int
    rows: int
    errors: int
    model_versions: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, chunks: _Optional[int] = ..., rows: _Optional[int] = ..., errors: _Optional[int] = ..., model_versions: _Optional[_Iterable[str]] = ...) -> None: ...
