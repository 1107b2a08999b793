"""FeedbackService: takes back what houses sold for, and tells how good their prices were."""

from collections.abc import Sequence
from typing import Protocol

import grpc
from housing.v1 import feedback_pb2 as pb

from housing_grpc.base import status
from housing_grpc.base.errors import Reason, ServingError, Violation
from housing_grpc.feedback import quality_messages
from housing_grpc.feedback.errors import NewerStoreError, StoreUnavailableError
from housing_grpc.feedback.outcome import Labels, ModelLabels, Outcome, Recorded
from housing_grpc.feedback.request import Checks
from housing_grpc.model.live import Models
from housing_grpc.receipts.sealing import Seals

_RETRY_SECONDS = 2.0
# A caller without a deadline waits so long for the store, and nobody longer.
_MOST_SECONDS = 10.0
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

    def labels(self, digest: str, most: int) -> Labels:
        """Returns the latest outcomes of a model."""
        ...

    def models(self) -> list[ModelLabels]:
        """Returns how many outcomes each model has, that with the latest one first."""
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
    """

    def __init__(self, store: Outcomes | None, keys: Keys, models: Models, *, days: int) -> None:
        self._store = store
        self._keys = keys
        self._models = models
        self._days = days

    def RecordOutcomes(
        self, request: pb.RecordOutcomesRequest, context: grpc.ServicerContext
    ) -> pb.RecordOutcomesResponse:
        """Records what houses sold for, each by the receipt of its price."""
        store, seals = self._needed(), self._keys.current()
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
                result.error.CopyFrom(status.to_proto(error))
        seconds = min(context.time_remaining(), _MOST_SECONDS)
        done = _recorded(store, outcomes, seconds)
        for (place, result), recorded in zip(takers, done, strict=True):
            if recorded is Recorded.NOT_FOUND:
                result.error.CopyFrom(status.to_proto(_not_found(place)))
            else:
                result.recorded = _ANSWERS[recorded]
        return pb.RecordOutcomesResponse(results=results)

    def GetQuality(
        self, request: pb.GetQualityRequest, context: grpc.ServicerContext
    ) -> pb.GetQualityResponse:
        """Tells how good the prices of each model were, by the outcomes so far."""
        store, live = self._needed(), self._models.current()
        try:
            found = list(quality_messages.of_models(store, live))
        except StoreUnavailableError as error:
            raise _unavailable(error) from error
        wanted = request.model_version
        models = [each for each in found if not wanted or each.model_version == wanted]
        return pb.GetQualityResponse(models=models)

    def _needed(self) -> Outcomes:
        if self._store is None:
            raise ServingError(
                Reason.FEEDBACK_OFF,
                "this server keeps no outcomes; set FEEDBACK_URL on the server, such as "
                "sqlite:////srv/feedback.db",
            )
        return self._store


def _recorded(store: Outcomes, outcomes: Sequence[Outcome], seconds: float) -> list[Recorded]:
    if not outcomes:
        return []
    try:
        return store.record(outcomes, seconds)
    except StoreUnavailableError as error:
        raise _unavailable(error) from error


def _unavailable(error: StoreUnavailableError) -> ServingError:
    # What is wrong with it is the operator's to know, unless it is that.
    text = str(error) if isinstance(error, NewerStoreError) else "the store of outcomes is away"
    return ServingError(
        Reason.FEEDBACK_UNAVAILABLE,
        f"{text}; send the same again later",
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
