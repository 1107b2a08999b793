"""Client of the housing price server: `HousingClient`, and `AsyncHousingClient` for asyncio."""

from .aio import AsyncHousingClient
from .client import HousingClient
from .connection import Tls
from .errors import (
    AbortedError,
    CallCancelledError,
    DataLossError,
    DeadlineExceededError,
    FailedPreconditionError,
    FieldViolation,
    HousingError,
    InvalidArgumentError,
    ModelChangedError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    ResourceExhaustedError,
    ServerFaultError,
    UnauthenticatedError,
    UnavailableError,
    UnimplementedError,
)
from .health import Health
from .house import FEATURES, House
from .job import AsyncScores, Scores
from .ledger import StreamPolicy, Tally
from .results import (
    FeatureInfo,
    ModelInfo,
    Prediction,
    RangeWarning,
    Reloaded,
    RowError,
    TargetInfo,
)
from .scores import ChunkScores

__all__ = [
    "FEATURES",
    "AbortedError",
    "AsyncHousingClient",
    "AsyncScores",
    "CallCancelledError",
    "ChunkScores",
    "DataLossError",
    "DeadlineExceededError",
    "FailedPreconditionError",
    "FeatureInfo",
    "FieldViolation",
    "Health",
    "House",
    "HousingClient",
    "HousingError",
    "InvalidArgumentError",
    "ModelChangedError",
    "ModelInfo",
    "NotFoundError",
    "PermissionDeniedError",
    "Prediction",
    "RangeWarning",
    "RateLimitedError",
    "Reloaded",
    "ResourceExhaustedError",
    "RowError",
    "Scores",
    "ServerFaultError",
    "StreamPolicy",
    "Tally",
    "TargetInfo",
    "Tls",
    "UnauthenticatedError",
    "UnavailableError",
    "UnimplementedError",
]
