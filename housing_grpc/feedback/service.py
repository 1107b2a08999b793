"""FeedbackService: takes back what houses sold for, and tells how good their prices were."""

import math
import time
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import grpc
import msgspec
from housing.v1 import feedback_pb2 as pb

from housing_grpc.base import status
from housing_grpc.base.errors import Reason, ServingError, Violation
from housing_grpc.calls.deadline import check_active
from housing_grpc.challenger.rivals import Rivals
from housing_grpc.feedback.errors import NewerStoreError, StoreUnavailableError
from housing_grpc.feedback.measuring import Measuring
from housing_grpc.feedback.outcome import Outcome, Recorded
from housing_grpc.feedback.quality_messages import message_of
from housing_grpc.feedback.request import Checks
from housing_grpc.model.live import Models
from housing_grpc.receipts.sealing import Seals

T = TypeVar("T")

_RETRY_SECONDS = 2.0
_FIX = "send the same again later"
# A caller without a deadline waits so long for the store, and nobody longer.
_MOST_SECONDS = 10.0
_MOST_MODELS = 100
_NANOSECONDS = 1e9
_ANSWERS = {
    Recorded.NEW: pb.RECORDED_NEW,
    Recorded.SAME: pb.RECORDED_SAME,
    Recorded.CORRECTED: pb.RECORDED_CORRECTED,
    Recorded.RETRACTED: pb.RECORDED_RETRACTED,
}


class Outcomes(Protocol):
    """Where outcomes are kept."""

    def record(self, outcomes: Sequence[Outcome], seconds: float) -> list[Recorded]:
        """Records outcomes; returns what was done with each."""
        ...


class Observer(Protocol):
    """Counts outcomes."""

    def recorded(self, result: str) -> None:
        """Takes note of what became of one."""
        ...

    def lagged(self, seconds: Sequence[float]) -> None:
        """Takes note of how long after their prices some came."""
        ...


class Keys(Protocol):
    """Where the keys of receipts are."""

    def current(self) -> Seals | None:
        """Returns the keys, or None if there are none."""
        ...


class FeedbackServicer:
    """Records outcomes, and tells of the quality of prices.

    Args:
        store: Keeps them; None if the server keeps none.
        keys: Open receipts.
        models: Where the live model is.
        days: Age from which on a receipt is too old; 0 for none.
        measuring: Says how good prices were; None if the server keeps no outcomes.
        expected_mae: Says what error of the live model is to be expected.
        rivals: Say what the other one of two models that are compared would have asked.
        observer: Hears of every outcome.
    """

    def __init__(
        self,
        store: Outcomes | None,
        keys: Keys,
        models: Models,
        *,
        days: int,
        measuring: Measuring | None,
        expected_mae: Callable[[], float],
        rivals: Rivals,
        observer: Observer,
    ) -> None:
        self._store = store
        self._keys = keys
        self._models = models
        self._days = days
        self._measuring = measuring
        self._expected_mae = expected_mae
        self._rivals = rivals
        self._observer = observer

    def RecordOutcomes(
        self, request: pb.RecordOutcomesRequest, context: grpc.ServicerContext
    ) -> pb.RecordOutcomesResponse:
        """Records what houses sold for, each by the receipt of its price."""
        store, seals = _needed(self._store), self._keys.current()
        if seals is None:
            raise ServingError(
                Reason.RECEIPTS_OFF,
                "this server has no keys to open receipts with; set RECEIPT_KEYS_FILE on the "
                "server to the keys of those that gave the prices",
            )
        results, checks = [pb.OutcomeResult() for _ in request.items], Checks(seals, self._days)
        outcomes, takers = [], []
        for place, (item, result) in enumerate(zip(request.items, results, strict=True)):
            try:
                outcomes.append(checks.outcome(item, f"items[{place}]"))
                takers.append((place, result))
            except ServingError as error:
                self._refuse(result, error)
        end = time.monotonic() + min(context.time_remaining(), _MOST_SECONDS)
        compared = self._with_rivals(outcomes, context, end)
        done = _recorded(store, compared, end - time.monotonic())
        for (place, result), recorded in zip(takers, done, strict=True):
            if recorded is Recorded.NOT_FOUND:
                self._refuse(result, _not_found(place))
            else:
                self._observer.recorded(recorded.name.lower())
                result.recorded = _ANSWERS[recorded]
        self._observer.lagged(_lags(outcomes, done))
        return pb.RecordOutcomesResponse(results=results)

    def _with_rivals(
        self, outcomes: Sequence[Outcome], context: grpc.ServicerContext, end: float
    ) -> Sequence[Outcome]:
        # What a slow challenger does not say in half of the time is recorded without it.
        half = (time.monotonic() + end) / 2

        def has_time() -> bool:
            check_active(context)
            return time.monotonic() < half

        found = self._rivals.of([each.receipt for each in outcomes], has_time)
        return [
            msgspec.structs.replace(outcome, rival=rival) if rival else outcome
            for outcome, rival in zip(outcomes, found, strict=True)
        ]

    def GetQuality(
        self, request: pb.GetQualityRequest, context: grpc.ServicerContext
    ) -> pb.GetQualityResponse:
        """Tells how good the prices of each model were, by the outcomes so far."""
        measuring = _needed(self._measuring)
        self._models.current()  # The first model is live.
        try:
            found = measuring.measure(_MOST_MODELS, request.model_version)
        except StoreUnavailableError as error:
            raise unavailable(error) from error
        models = [
            message_of(each, self._expected_mae() if each.live else math.nan) for each in found
        ]
        return pb.GetQualityResponse(models=models)

    def _refuse(self, result: pb.OutcomeResult, error: ServingError) -> None:
        self._observer.recorded(error.reason)
        result.error.CopyFrom(status.to_proto(error))


def _needed(found: T | None) -> T:
    if found is None:
        raise ServingError(
            Reason.FEEDBACK_OFF,
            "this server keeps no outcomes; set FEEDBACK_URL on the server, such as "
            "sqlite:////srv/feedback.db",
        )
    return found


def _lags(outcomes: Sequence[Outcome], done: Sequence[Recorded]) -> list[float]:
    """Returns how many seconds lie between prices and their first outcomes."""
    now = time.time_ns()
    # The clock of who gave the price may be ahead.
    return [
        max(now - each.receipt.priced_at, 0) / _NANOSECONDS
        for each, recorded in zip(outcomes, done, strict=True)
        if recorded is Recorded.NEW
    ]


def _recorded(store: Outcomes, outcomes: Sequence[Outcome], seconds: float) -> list[Recorded]:
    if not outcomes:
        return []
    try:
        return store.record(outcomes, seconds)
    except StoreUnavailableError as error:
        raise unavailable(error) from error


def unavailable(error: StoreUnavailableError, fix: str = _FIX) -> ServingError:
    """Returns the error of whoever needs a store that does not answer.

    Args:
        error: Says why.
        fix: What to do about it.
    """
    # What is wrong with it is the operator's to know, unless it is that.
    text = str(error) if isinstance(error, NewerStoreError) else "the store of outcomes is away"
    return ServingError(
        Reason.FEEDBACK_UNAVAILABLE,
        f"{text}; {fix}",
        retry_seconds=_RETRY_SECONDS,
    )


def _not_found(place: int) -> ServingError:
    field = f"items[{place}].receipt"
    text = "has no outcome that could be retracted; send the receipt of one that was recorded"
    return ServingError(
        Reason.OUTCOME_NOT_FOUND,
        f"{field} {text}",
        violations=(Violation(field=field, description=text),),
    )
