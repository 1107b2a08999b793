"""Who may call what: a rule for every method, and the keys that callers show."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from housing_grpc.access.rate_limit import RateLimit
from housing_grpc.base.errors import Reason, ServingError

API_KEY = "x-api-key"
AUTHORIZATION = "authorization"
MODEL_VARIANT = "x-model-variant"
"""Says which of two models that are compared is to answer; only a key of role admin may ask for the
challenger."""

CHAMPION = "champion"
"""Asks for the live model."""

_BEARER = "bearer "
_ANONYMOUS = ""


class Role(StrEnum):
    """What a key is for."""

    PREDICT = "predict"
    FEEDBACK = "feedback"
    ADMIN = "admin"


_ANYONE = frozenset[Role]()
_PREDICT = frozenset({Role.PREDICT, Role.ADMIN})
_FEEDBACK = frozenset({Role.FEEDBACK, Role.ADMIN})
_ADMIN = frozenset({Role.ADMIN})

RULES: Mapping[str, frozenset[Role]] = {
    "/housing.v1.PredictionService/Predict": _PREDICT,
    "/housing.v1.PredictionService/PredictBatch": _PREDICT,
    "/housing.v1.PredictionService/PredictStream": _PREDICT,
    "/housing.v1.ModelService/ModelInfo": _PREDICT,
    "/housing.v1.ModelService/ReloadModel": _ADMIN,
    "/housing.v1.ModelService/RollbackModel": _ADMIN,
    "/housing.v1.ExperimentService/GetExperiment": _ADMIN,
    "/housing.v1.FeedbackService/RecordOutcomes": _FEEDBACK,
    "/housing.v1.FeedbackService/GetQuality": _PREDICT | _FEEDBACK,
    "/inference.GRPCInferenceService/ServerMetadata": _PREDICT,
    "/inference.GRPCInferenceService/ModelMetadata": _PREDICT,
    "/inference.GRPCInferenceService/ModelInfer": _PREDICT,
    "/inference.GRPCInferenceService/ModelStreamInfer": _PREDICT,
    "/inference.GRPCInferenceService/ModelConfig": _PREDICT,
    "/inference.GRPCInferenceService/RepositoryIndex": _PREDICT,
    # Each call that it carries shows its own.
    "/housing.v1.RelayService/Relay": _ANYONE,
    # Probes and tools send no key.
    "/inference.GRPCInferenceService/ServerLive": _ANYONE,
    "/inference.GRPCInferenceService/ServerReady": _ANYONE,
    "/inference.GRPCInferenceService/ModelReady": _ANYONE,
    "/grpc.health.v1.Health/Check": _ANYONE,
    "/grpc.health.v1.Health/Watch": _ANYONE,
    "/grpc.health.v1.Health/List": _ANYONE,
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo": _ANYONE,
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo": _ANYONE,
}
"""Roles that may call a method, by its path; none for one that needs no key."""


@dataclass(frozen=True, kw_only=True)
class Key:
    """A key as it is configured: its owner, what it is for, and its SHA-256."""

    name: str
    role: Role
    digest: bytes


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Whoever makes a call; the name is that of the key."""

    name: str
    role: Role
    limit: RateLimit | None


def digest(key: str) -> bytes:
    """Returns what is kept of a key."""
    return hashlib.sha256(key.encode()).digest()


class Access:
    """Tells callers by their keys.

    Args:
        keys: None if none are configured: then everyone may call everything.
        limits: Makes the rate limit of the caller of that name, or None for no limit.
    """

    def __init__(
        self, keys: Iterable[Key] | None, *, limits: Callable[[str], RateLimit | None]
    ) -> None:
        self._limits = limits
        self._anonymous = Caller(name=_ANONYMOUS, role=Role.ADMIN, limit=limits(_ANONYMOUS))
        # Others without a key must not use up the rate of a probe.
        self._probe = Caller(name=_ANONYMOUS, role=Role.PREDICT, limit=None)
        self._callers: dict[bytes, Caller] | None = None
        if keys is not None:
            self.replace(keys)

    def replace(self, keys: Iterable[Key]) -> None:
        """Takes other keys from now on; an owner keeps what was counted of its rate."""
        keys = tuple(keys)
        # guard: an owner's count stays
        limits = {caller.name: caller.limit for caller in (self._callers or {}).values()}
        for key in keys:
            limits.setdefault(key.name, self._limits(key.name))
        self._callers = {
            key.digest: Caller(name=key.name, role=key.role, limit=limits[key.name]) for key in keys
        }

    def caller(self, path: str, metadata: Iterable[tuple[str, str | bytes]]) -> Caller:
        """Returns the caller of a call that it may make.

        Args:
            path: The method's, such as "/package.Service/Method".
            metadata: Of the call.

        Raises:
            ServingError: UNAUTHENTICATED or PERMISSION_DENIED.
        """
        # guard: a method needs a rule
        roles = RULES.get(path)
        if roles is None:
            raise ServingError(Reason.PERMISSION_DENIED, "no rule allows this method")
        # guard: probes have no rate
        if not roles:
            return self._probe
        if self._callers is None:
            return self._anonymous
        # guard: a key is needed
        caller = self._identified(self._callers, metadata)
        # guard: the role
        if caller.role not in roles:
            raise ServingError(
                Reason.PERMISSION_DENIED,
                f"the key's role is '{caller.role}'; this method takes "
                + " or ".join(f"'{role}'" for role in Role if role in roles),
            )
        # Else callers would choose the model with the lower price.
        if caller.role is not Role.ADMIN and any(
            name == MODEL_VARIANT and value != CHAMPION for name, value in metadata
        ):
            raise ServingError(
                Reason.PERMISSION_DENIED,
                f"the key's role is '{caller.role}'; '{MODEL_VARIANT}' other than '{CHAMPION}'"
                f" takes '{Role.ADMIN}', so leave it out",
            )
        return caller

    @staticmethod
    def _identified(
        callers: Mapping[bytes, Caller], metadata: Iterable[tuple[str, str | bytes]]
    ) -> Caller:
        shown = _shown(metadata)
        # A look-up takes longer the more of a digest is right. That helps nobody: the digest of a
        # guessed key cannot be steered, and a digest that was found out is not the key.
        # guard: one key, once
        caller = callers.get(digest(shown[0])) if len(shown) == 1 else None
        if caller is None:
            raise ServingError(
                Reason.UNAUTHENTICATED,
                f"send one valid key as '{API_KEY}', or as '{AUTHORIZATION}: Bearer KEY'",
            )
        return caller


def _shown(metadata: Iterable[tuple[str, str | bytes]]) -> list[str]:
    shown = []
    for name, value in metadata:
        if name == API_KEY:
            shown.append(str(value))
        elif name == AUTHORIZATION:
            text = str(value)
            is_bearer = text[: len(_BEARER)].lower() == _BEARER
            shown.append(text[len(_BEARER) :].strip() if is_bearer else "")
    return shown
