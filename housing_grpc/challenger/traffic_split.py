"""Decides which of two models answers a call; the same key always gets the same one."""

import hashlib
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from housing_grpc.access.callers import CHAMPION, MODEL_VARIANT
from housing_grpc.base import log
from housing_grpc.base.errors import Reason, ServingError, Violation
from housing_grpc.bundle.arrays import Rows
from housing_grpc.model.challenger_slot import ChallengerSlot, Experiment
from housing_grpc.model.live import LiveModel
from housing_grpc.receipts.record import Variant

T = TypeVar("T")

_logger = logging.getLogger(__name__)

_BYTES = 8
_ALL = 1 << (8 * _BYTES)
_NAMES = {CHAMPION: Variant.CHAMPION, "challenger": Variant.CHALLENGER}
# The live model may well answer what the other one cannot.
_LACKS = frozenset({Reason.NOT_IN_BUNDLE, Reason.EXPLAIN_TOO_LARGE})


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Which of two models is to answer.

    Attributes:
        variant: Of the two.
        digest: Of the challenger's bundle: another one is chosen anew.
    """

    variant: Variant
    digest: str


class Split:
    """Has one of two models answer each call.

    Args:
        slot: Holds the challenger.
        answered: Called with "champion", "challenger" or "failed", which is where the live model
            had to answer in the challenger's place.
    """

    def __init__(
        self, slot: ChallengerSlot, answered: Callable[[str], None] = lambda _: None
    ) -> None:
        self._slot = slot
        self._answered = answered

    def experiment(self) -> Experiment | None:
        """Returns the two models, or None if there is no challenger; takes no time."""
        return self._slot.experiment

    def choice(
        self,
        experiment: Experiment,
        routing_key: str,
        rows: Rows | bytes,
        metadata: Iterable[tuple[str, str | bytes]],
    ) -> Choice | None:
        """Returns which of two models is to answer a call; None if it is the live one anyway.

        Args:
            experiment: The two.
            routing_key: Decides, unless it is empty.
            rows: The houses, or their bytes, which decide then, all together.
            metadata: Of the call; who may say which is to answer has been checked.

        Raises:
            ServingError: INVALID_TARGET: the metadata names none of the two.
        """
        share, digest = experiment.challenge.share, experiment.challenger.bundle.digest
        variant = _forced(metadata)
        if variant is None:
            if not share:
                return None
            key = routing_key.encode() if routing_key else _canonical(rows)
            variant = Variant.CHALLENGER if chosen(key, digest, share) else Variant.CHAMPION
        return Choice(variant=variant, digest=digest)

    def answer(
        self, choice: Choice, live: LiveModel, serve: Callable[[LiveModel], T]
    ) -> tuple[T, Variant]:
        """Has the chosen model answer; the live one, should the challenger fail or be gone.

        Args:
            choice: Of the call, or of the stream.
            live: The live model.
            serve: Answers with a model.
        """
        experiment = self._slot.experiment
        if choice.variant is Variant.CHALLENGER and experiment is not None:
            other = experiment.challenger
            if other.bundle.digest == choice.digest:
                answer = self._challengers(other, serve)
                if answer is not None:
                    return answer[0], Variant.CHALLENGER
        self._answered("champion")
        return serve(live), Variant.CHAMPION

    def _challengers(self, other: LiveModel, serve: Callable[[LiveModel], T]) -> tuple[T] | None:
        try:
            answer = serve(other)
        except ServingError as error:
            # What the challenger cannot answer, the live model does.
            if error.reason not in _LACKS:
                raise
        # guard: a faulty challenger costs callers nothing
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it costs callers nothing
            # Counted below; how often that is, its callers decide.
            log.event(_logger, logging.DEBUG, "challenger.gave_no_answer", error=error)
        else:
            self._answered("challenger")
            return (answer,)
        self._answered("failed")
        return None


def chosen(key: bytes, digest: str, share: float) -> bool:
    """Returns whether the challenger gets a key: the same on all replicas.

    Args:
        key: Of a caller, or the bytes of houses.
        digest: Of the challenger's bundle, so that each challenger gets others.
        share: Of all keys, from 0 to 1.
    """
    hashed = hashlib.blake2b(key, digest_size=_BYTES, key=bytes.fromhex(digest)).digest()
    return int.from_bytes(hashed) / _ALL < share


def _canonical(rows: Rows | bytes) -> bytes:
    """Returns houses as bytes that are the same whoever sent them: one NaN, and one zero."""
    # guard: a house goes to one model
    values = np.frombuffer(rows)
    return np.where(np.isnan(values), np.nan, values + 0.0).tobytes()


def _forced(metadata: Iterable[tuple[str, str | bytes]]) -> Variant | None:
    for name, value in metadata:
        if name == MODEL_VARIANT:
            variant = _NAMES.get(str(value))
            if variant is None:
                fix = "must be champion or challenger; leave it out to have the server choose"
                raise ServingError(
                    Reason.INVALID_TARGET,
                    f"{MODEL_VARIANT} {fix}",
                    violations=(Violation(field=MODEL_VARIANT, description=fix),),
                )
            return variant
    return None
