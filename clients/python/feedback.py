"""What houses sold for, on its way to the server, and what the server makes of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from housing.v1 import feedback_pb2 as pb

from .decode import moment, row_error
from .results import RowError

RECORD_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What a house sold for, or that what was said of it counts no more.

    Attributes:
        receipt: That came with the predicted price.
        actual: The true price; not read if the outcome is retracted.
        observed_at: When the house was sold, with its zone; None if that is not known.
        source: Who says so, at most 100 characters.
        retract: Whether to take the outcome of this receipt back.
    """

    receipt: str
    actual: float = 0.0
    observed_at: datetime | None = None
    source: str = ""
    retract: bool = False


class Recorded(StrEnum):
    """What was done with an outcome."""

    NEW = "NEW"
    SAME = "SAME"
    CORRECTED = "CORRECTED"
    RETRACTED = "RETRACTED"


@dataclass(frozen=True, kw_only=True, slots=True)
class IntervalQuality:
    """How many true prices lay within intervals of 90 %.

    Attributes:
        labels: Prices that had such an interval, and whose true price is known.
        covered: Those of them within it.
        ratio: The share.
        lower: Lower end of the Wilson interval of 95 % of that share.
        upper: Upper end of it.
        detector: Statistic that grows while intervals hold too little.
        alarm: Whether they no longer hold what they promise.
    """

    labels: int
    covered: int
    ratio: float
    lower: float
    upper: float
    detector: float
    alarm: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelQuality:
    """How good the prices of one model were, by its latest outcomes.

    Attributes:
        model_version: Version of the model.
        bundle_digest: First 16 digits of the digest of its bundle.
        live: Whether it is the live model.
        total_labels: Outcomes of all its prices.
        labels: Those that the following is computed from: the latest.
        rmse: Root of the mean squared error; None without labels, as are the next two.
        mae: Mean absolute error.
        bias: Mean of what prices were too high by.
        interval: None where no price had one.
        skill: RMSE divided by that of training; None where it is not known.
        expected_mae: What intervals lead to expect; None where it is not known.
        latest: When the latest outcome was recorded; None without labels.
    """

    model_version: str
    bundle_digest: str
    live: bool
    total_labels: int
    labels: int
    rmse: float | None
    mae: float | None
    bias: float | None
    interval: IntervalQuality | None
    skill: float | None
    expected_mae: float | None
    latest: datetime | None


def request(outcomes: Iterable[Outcome]) -> pb.RecordOutcomesRequest:
    """Returns the request that records outcomes."""
    return pb.RecordOutcomesRequest(items=map(_item, outcomes))


def results(answer: pb.RecordOutcomesResponse) -> list[Recorded | RowError]:
    """Returns what became of each outcome, in order."""
    return [
        row_error(each.error, place, place)
        if each.HasField("error")
        else Recorded(pb.Recorded.Name(each.recorded).removeprefix("RECORDED_"))
        for place, each in enumerate(answer.results)
    ]


def quality_request(version: str) -> pb.GetQualityRequest:
    """Returns the request for the quality of models."""
    return pb.GetQualityRequest(model_version=version)


def quality(answer: pb.GetQualityResponse) -> Sequence[ModelQuality]:
    """Returns the answer to GetQuality."""
    return tuple(map(_quality, answer.models))


def _item(outcome: Outcome) -> pb.Outcome:
    item = pb.Outcome(
        receipt=outcome.receipt,
        actual=outcome.actual,
        source=outcome.source,
        retract=outcome.retract,
    )
    if outcome.observed_at is not None:
        item.observed_at.FromDatetime(outcome.observed_at)
    return item


def _quality(answer: pb.ModelQuality) -> ModelQuality:
    optional = ("rmse", "mae", "bias", "skill", "expected_mae")
    plain = ("model_version", "bundle_digest", "live", "total_labels", "labels")
    return ModelQuality(
        **{name: getattr(answer, name) for name in plain},
        **{name: getattr(answer, name) if answer.HasField(name) else None for name in optional},  # type: ignore[arg-type]
        interval=_interval(answer.interval) if answer.HasField("interval") else None,
        latest=moment(answer.latest) if answer.HasField("latest") else None,
    )


def _interval(answer: pb.IntervalQuality) -> IntervalQuality:
    names = ("labels", "covered", "ratio", "lower", "upper", "detector", "alarm")
    return IntervalQuality(**{name: getattr(answer, name) for name in names})
