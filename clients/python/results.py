"""What the server answers, as plain immutable objects."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from grpc import StatusCode

from .errors import FieldViolation


@dataclass(frozen=True, kw_only=True, slots=True)
class RangeWarning:
    """A value that lies outside what the model was trained on."""

    feature: str
    value: float
    min: float
    max: float


@dataclass(frozen=True, kw_only=True, slots=True)
class PriceInterval:
    """Between which prices a house like those of the training data most likely sells.

    Attributes:
        lower: In the target's unit; below 0 only if the price is.
        upper: In the target's unit.
        level: Share of houses whose true price lies between the two.
        extrapolated: Whether the house is so unlike those of the training data that the share
            holds no promise for it.
    """

    lower: float
    upper: float
    level: float
    extrapolated: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Applicability:
    """How unusual a house is among those that the model was trained on.

    Attributes:
        p_value: Share of the training houses that are at least as far from the others; below
            0.01 the house is unlike any that is known.
        distance: To the nearest training house, in standard deviations; None from `score` in
            its matrix form.
        odd_features: That differ most, where the house is unlike any; likewise.
    """

    p_value: float
    distance: float | None = None
    odd_features: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Contribution:
    """What one feature adds to a price, or takes from it.

    Attributes:
        feature: Its name, such as "RM".
        amount: What it adds, in the target's unit.
        imputed: Whether the value was missing and filled in.
        value: Its value, or the one that was filled in; None from `score` in its matrix form.
        factor: By how much it multiplies the price; None for models that do not multiply, and
            from `score` in its matrix form.
    """

    feature: str
    amount: float
    imputed: bool
    value: float | None = None
    factor: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """What makes a price: base and amounts add up to it. It says nothing about causes.

    Attributes:
        base: What the amounts start from: the mean of the training houses, or the price of the
            reference house.
        contributions: One a feature, in the order of `FEATURES`.
        method: How they were computed, by the contract's name; None from `score` in its matrix
            form.
    """

    base: float
    contributions: tuple[Contribution, ...]
    method: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Prediction:
    """The price of one house.

    Empty means that there is none; None, that it was not asked for or that the server is too
    old to say it.

    Attributes:
        price: In the target's unit, which `info().target.unit` gives.
        model_version: Of the model that answered.
        timestamp: When it answered.
        warnings: About the values, one line each; None from `score` in its matrix form.
        range_warnings: The same for programs.
        out_of_range_features: Features with a value outside the training range.
        imputed_features: Features that were missing and filled in.
        interval: How sure the price is; None if the model cannot tell.
        applicability: How unusual the house is; None if the model cannot tell.
        explanation: What makes the price.
        receipt: Seals the house and its price: what it sells for is sent back with it.
        row: Its place among many houses, from 0; None where it was the only one.
        kept: Values of the columns that `score` was asked to keep, in their order.
    """

    price: float
    model_version: str
    timestamp: datetime
    warnings: tuple[str, ...] | None = None
    range_warnings: tuple[RangeWarning, ...] | None = None
    out_of_range_features: tuple[str, ...] | None = None
    imputed_features: tuple[str, ...] | None = None
    interval: PriceInterval | None = None
    applicability: Applicability | None = None
    explanation: Explanation | None = None
    receipt: str | None = None
    row: int | None = None
    kept: tuple[object, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class RowError:
    """Why one house of many has no price.

    Attributes:
        row: Its place among the houses, from 0.
        code: Of gRPC.
        reason: A stable name, such as "FEATURE_DOMAIN".
        message: One line for people.
        violations: The fields at fault.
        kept: Values of the columns that `score` was asked to keep, in their order.
    """

    row: int
    code: StatusCode
    reason: str
    message: str
    violations: tuple[FieldViolation, ...] = ()
    kept: tuple[object, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class FeatureInfo:
    """A feature as the live model knows it; see `ModelInfo`."""

    name: str
    unit: str
    description: str
    min: float
    max: float
    missing_count: int
    integer: bool
    choices: tuple[float, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class TargetInfo:
    """What the model predicts."""

    name: str
    unit: str
    min: float
    max: float


@dataclass(frozen=True, kw_only=True, slots=True)
class IntervalInfo:
    """How intervals of prices were made, and what was measured of them in training."""

    method: str
    folds: int
    scores: int
    level: float
    coverage: float
    coverage_error: float
    coverage_by_town: float
    width: float
    max_level: float


@dataclass(frozen=True, kw_only=True, slots=True)
class ApplicabilityInfo:
    """How it is told whether a house is like those of the training data."""

    method: str
    houses: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ExplanationInfo:
    """How prices are explained."""

    method: str
    multiplicative: bool
    base: float
    max_rows: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelInfo:
    """All about the model that is live; the fields are those of the contract."""

    name: str
    version: str
    model_type: str
    preprocessing: str
    features: tuple[FeatureInfo, ...]
    target: TargetInfo
    metrics: Mapping[str, float]
    trained_at: datetime
    loaded_at: datetime
    bundle_digest: str
    data_digest: str
    library_versions: Mapping[str, str]
    source: str
    stale: bool
    generation: int
    run_id: str
    server_version: str
    evaluator: str
    """What computes the prices, such as "native"; empty from a server that does not say."""
    schema_digest: str
    """Of the features and the target; empty from a server that does not say."""
    interval: IntervalInfo | None
    """None if the model cannot say how sure a price is."""
    applicability: ApplicabilityInfo | None
    """None if the model cannot say how unusual a house is."""
    explanation: ExplanationInfo | None
    """None if the model cannot explain a price."""
    rolled_back_from: str = ""
    """The version that had to make way for this one, where this one came back; else empty."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PriceChange:
    """A house whose price would change."""

    house: Mapping[str, float]
    """Its features, by name, but those that are missing."""
    price: float
    new_price: float


@dataclass(frozen=True, kw_only=True, slots=True)
class ReloadDiff:
    """How the prices of another model differ, in the target's unit."""

    rows: int
    rows_from: str
    """Where the houses come from, such as "golden rows"."""
    mean_change: float
    p99_change: float
    """The size that 99 of 100 changes do not exceed."""
    largest_change: float
    changes: tuple[PriceChange, ...]
    """The largest, the largest first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reloaded:
    """What a reload did, or would do."""

    previous_version: str
    version: str
    changed: bool
    duration: timedelta
    bundle_digest: str
    generation: int
    diff: ReloadDiff | None = None
    """Only of a dry run, after which the old model serves on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RolledBack:
    """What a rollback did."""

    previous_version: str
    """The one that was rolled back from."""
    version: str
    duration: timedelta
    bundle_digest: str
    generation: int
