from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class VerdictOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VERDICT_OUTCOME_UNSPECIFIED: _ClassVar[VerdictOutcome]
    VERDICT_OUTCOME_UNDECIDED: _ClassVar[VerdictOutcome]
    VERDICT_OUTCOME_CHALLENGER_BETTER: _ClassVar[VerdictOutcome]
    VERDICT_OUTCOME_CHALLENGER_WORSE: _ClassVar[VerdictOutcome]
    VERDICT_OUTCOME_EQUIVALENT: _ClassVar[VerdictOutcome]
VERDICT_OUTCOME_UNSPECIFIED: VerdictOutcome
VERDICT_OUTCOME_UNDECIDED: VerdictOutcome
VERDICT_OUTCOME_CHALLENGER_BETTER: VerdictOutcome
VERDICT_OUTCOME_CHALLENGER_WORSE: VerdictOutcome
VERDICT_OUTCOME_EQUIVALENT: VerdictOutcome

class GetExperimentRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetExperimentResponse(_message.Message):
    __slots__ = ("champion_version", "challenger_version", "challenger_digest", "shadow", "share", "fault", "shadow_rows", "agreement", "verdict")
    CHAMPION_VERSION_FIELD_NUMBER: _ClassVar[int]
    CHALLENGER_VERSION_FIELD_NUMBER: _ClassVar[int]
    CHALLENGER_DIGEST_FIELD_NUMBER: _ClassVar[int]
    SHADOW_FIELD_NUMBER: _ClassVar[int]
    SHARE_FIELD_NUMBER: _ClassVar[int]
    FAULT_FIELD_NUMBER: _ClassVar[int]
    SHADOW_ROWS_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    champion_version: str
    challenger_version: str
    challenger_digest: str
    shadow: float
    share: float
    fault: str
    shadow_rows: ShadowRows
    agreement: Agreement
    verdict: Verdict
    def __init__(self, champion_version: _Optional[str] = ..., challenger_version: _Optional[str] = ..., challenger_digest: _Optional[str] = ..., shadow: _Optional[float] = ..., share: _Optional[float] = ..., fault: _Optional[str] = ..., shadow_rows: _Optional[_Union[ShadowRows, _Mapping]] = ..., agreement: _Optional[_Union[Agreement, _Mapping]] = ..., verdict: _Optional[_Union[Verdict, _Mapping]] = ...) -> None: ...

class ShadowRows(_message.Message):
    __slots__ = ("scored", "dropped", "failed")
    SCORED_FIELD_NUMBER: _ClassVar[int]
    DROPPED_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    scored: int
    dropped: int
    failed: int
    def __init__(self, scored: _Optional[int] = ..., dropped: _Optional[int] = ..., failed: _Optional[int] = ...) -> None: ...

class Agreement(_message.Message):
    __slots__ = ("rows", "mean_difference", "mean_absolute", "outside_interval")
    ROWS_FIELD_NUMBER: _ClassVar[int]
    MEAN_DIFFERENCE_FIELD_NUMBER: _ClassVar[int]
    MEAN_ABSOLUTE_FIELD_NUMBER: _ClassVar[int]
    OUTSIDE_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    rows: int
    mean_difference: float
    mean_absolute: float
    outside_interval: float
    def __init__(self, rows: _Optional[int] = ..., mean_difference: _Optional[float] = ..., mean_absolute: _Optional[float] = ..., outside_interval: _Optional[float] = ...) -> None: ...

class Verdict(_message.Message):
    __slots__ = ("outcome", "difference", "lower", "upper", "labels", "text", "mae_difference")
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCE_FIELD_NUMBER: _ClassVar[int]
    LOWER_FIELD_NUMBER: _ClassVar[int]
    UPPER_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    MAE_DIFFERENCE_FIELD_NUMBER: _ClassVar[int]
    outcome: VerdictOutcome
    difference: float
    lower: float
    upper: float
    labels: int
    text: str
    mae_difference: float
    def __init__(self, outcome: _Optional[_Union[VerdictOutcome, str]] = ..., difference: _Optional[float] = ..., lower: _Optional[float] = ..., upper: _Optional[float] = ..., labels: _Optional[int] = ..., text: _Optional[str] = ..., mae_difference: _Optional[float] = ...) -> None: ...
