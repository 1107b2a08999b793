"""Client of the housing price server: `HousingClient`, and `AsyncHousingClient` for asyncio."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
    from .feedback import IntervalQuality, ModelQuality, Outcome, Recorded
    from .health import Health
    from .house import FEATURES, House
    from .job import AsyncScores, Scores
    from .json_form import to_json
    from .ledger import StreamPolicy, Tally
    from .results import (
        Applicability,
        ApplicabilityInfo,
        Contribution,
        Explanation,
        ExplanationInfo,
        FeatureInfo,
        IntervalInfo,
        ModelInfo,
        Prediction,
        PriceChange,
        PriceInterval,
        RangeWarning,
        ReloadDiff,
        Reloaded,
        RolledBack,
        RowError,
        TargetInfo,
    )
    from .scores import ChunkScores

__all__ = [
    "FEATURES",
    "AbortedError",
    "Applicability",
    "ApplicabilityInfo",
    "AsyncHousingClient",
    "AsyncScores",
    "CallCancelledError",
    "ChunkScores",
    "Contribution",
    "DataLossError",
    "DeadlineExceededError",
    "Explanation",
    "ExplanationInfo",
    "FailedPreconditionError",
    "FeatureInfo",
    "FieldViolation",
    "Health",
    "House",
    "HousingClient",
    "HousingError",
    "IntervalInfo",
    "IntervalQuality",
    "InvalidArgumentError",
    "ModelChangedError",
    "ModelInfo",
    "ModelQuality",
    "NotFoundError",
    "Outcome",
    "PermissionDeniedError",
    "Prediction",
    "PriceChange",
    "PriceInterval",
    "RangeWarning",
    "RateLimitedError",
    "Recorded",
    "ReloadDiff",
    "Reloaded",
    "ResourceExhaustedError",
    "RolledBack",
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
    "to_json",
]

# In the order in which they are looked through.
_MODULES = ("client", "aio", "connection", "errors", "feedback", "health", "house", "job",
            "json_form", "ledger", "results", "scores")  # fmt: skip


def __getattr__(name: str) -> object:
    """Imports what is used: the command has something to say to gRPC before it is imported."""
    if name in __all__:
        for module in _MODULES:
            found = vars(import_module(f".{module}", __name__)).get(name)
            if found is not None:
                return globals().setdefault(name, found)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
