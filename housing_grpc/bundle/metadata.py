"""What a bundle says of itself: `metadata.json`."""

from datetime import MAXYEAR, MINYEAR, datetime
from typing import Annotated

import msgspec

from . import document
from .errors import BundleFormatError, SchemaIncompatibleError
from .schema import FEATURE_NAMES

FORMATS = (1, 2)
"""Those that can be read; the last is written."""

# As long as MLflow lets a model's name or alias be. What callers, logs and metrics get is
# made of these: without limits, an answer could be larger than clients take. Nor may they move a
# terminal's cursor, begin a line of a log or turn the direction of what is shown.
PRINTABLE = r"\A[^\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]*\Z"
# guard: how long a model's name may be
Text = Annotated[str, msgspec.Meta(max_length=255, pattern=PRINTABLE)]
_MANY = msgspec.Meta(max_length=1000)

Sha256 = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]
# What JSON itself does not bound: whole numbers may have any number of digits.
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Version = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
_MOST_BINS = 1000
_MOST_GOLDEN_ROWS = 1000
# A row may take 0.1 s to explain.
_FEW_GOLDEN = msgspec.Meta(max_length=50)
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]

INTERVAL_LEVEL = 0.9
"""At which intervals are measured; the level of requests that name none."""


class Histogram(msgspec.Struct, frozen=True, kw_only=True):
    """How the training values of a feature are spread.

    Attributes:
        edges: Bin edges in rising order, one more than there are bins.
        counts: Training rows in each bin.
    """

    edges: Annotated[list[float], msgspec.Meta(max_length=_MOST_BINS + 1)]
    counts: Annotated[list[Count], msgspec.Meta(max_length=_MOST_BINS)]


class Feature(msgspec.Struct, frozen=True, kw_only=True):
    """A feature as it was in the training data.

    Attributes:
        name: Column name.
        min: Smallest training value.
        max: Largest training value.
        missing_count: Training rows that miss it.
        histogram: Spread of the training values.
    """

    name: Text
    min: float
    max: float
    missing_count: Count
    histogram: Histogram


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What the model predicts, as it was in the training data."""

    name: Text
    unit: Text
    min: float
    max: float


class Golden(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Rows with the fitted pipeline's answers, to be answered again at load.

    Attributes:
        rows: Feature values in order, None where missing.
        answers: Predictions in the target's unit.
        tolerance: Largest difference allowed, in the target's unit.
        intervals: Lower and upper bound at `INTERVAL_LEVEL` for the first rows, if the bundle
            has intervals for that.
        p_values: Of the first rows, if the bundle knows houses.
        contributions: Amounts by feature for the first rows, if the bundle has what explains.
    """

    rows: Annotated[list[list[float | None]], msgspec.Meta(max_length=_MOST_GOLDEN_ROWS)]
    answers: list[float]
    tolerance: Annotated[float, msgspec.Meta(gt=0)]
    intervals: Annotated[list[tuple[float, float]], _FEW_GOLDEN] = []
    p_values: Annotated[list[float], _FEW_GOLDEN] = []
    contributions: Annotated[list[list[float]], _FEW_GOLDEN] = []


class IntervalFacts(msgspec.Struct, frozen=True, kw_only=True):
    """How the bounds of prices were found, and how they did on training rows held out.

    Attributes:
        method: For people, such as "cross-conformal: spread and distance".
        folds: Rows were held out in so many parts.
        scores: How many rows the quantile is taken of.
        coverage: Share of the rows within their bounds at `INTERVAL_LEVEL`, each by the quantile
            of the other folds.
        coverage_error: Its standard error.
        width: Mean distance of the bounds at that level, in the target's unit.
        town_coverage: The same share where the rows of one town are held out together; None
            where there were too few towns.
        winkler: Mean Winkler score at that level, in the target's unit.
    """

    method: Text
    folds: Count
    scores: Count
    coverage: Share
    coverage_error: Share
    width: Annotated[float, msgspec.Meta(ge=0)]
    town_coverage: Share | None
    winkler: Annotated[float, msgspec.Meta(ge=0)]


class FileEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One file of the bundle.

    Attributes:
        sha256: Of its content.
        size: In bytes.
        version: Of its layout.
    """

    sha256: Sha256
    size: Count
    version: Version = 1


class Metadata(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All that a bundle says of itself.

    Attributes:
        format_version: Layout of the bundle.
        name: Registered model name.
        model_type: Model strategy, such as "xgboost".
        preprocessing: Preprocessing strategy, such as "v2_knn".
        params: Hyperparameters that were set.
        features: In the order in which rows are given.
        target: What is predicted.
        metrics: Quality measured in training.
        data_digest: SHA-256 of the training data file.
        trained_at: When, with a time zone.
        run_id: MLflow run, or "" for none.
        code_version: Version of the code that trained.
        library_versions: Of the libraries that trained, by name.
        golden: Rows with their answers.
        files: Every other file of the bundle, by name.
        interval: How the bounds of prices did, or None without any.
    """

    format_version: Version
    name: Text
    model_type: Text
    preprocessing: Text
    params: dict[str, object]
    features: Annotated[list[Feature], _MANY]
    target: Target
    metrics: Annotated[dict[Text, float], _MANY]
    data_digest: Sha256
    trained_at: datetime
    run_id: Text
    code_version: Text
    library_versions: Annotated[dict[Text, Text], _MANY]
    golden: Golden
    files: dict[str, FileEntry] = {}
    interval: IntervalFacts | None = None


class _Version(msgspec.Struct):
    format_version: Version


_VERSION = msgspec.json.Decoder(_Version)
_METADATA = msgspec.json.Decoder(Metadata)


def encode(metadata: Metadata) -> bytes:
    """Returns the bytes of `metadata.json`."""
    return msgspec.json.format(msgspec.json.encode(metadata, order="deterministic"), indent=1)


def decode(data: bytes) -> Metadata:
    """Reads `metadata.json`.

    Raises:
        BundleFormatError: It is not JSON, of a newer format, or a key is wrong.
        SchemaIncompatibleError: The features are not those of this contract.
    """
    found = document.decode("metadata.json", data, _VERSION).format_version
    if found not in FORMATS:
        raise BundleFormatError(
            f"metadata.json: format_version is {found}, this server reads 1 to {FORMATS[-1]}; "
            "update the server, or export the model again"
        )
    metadata = document.decode("metadata.json", data, _METADATA)
    _check(metadata)
    return metadata


def _check(metadata: Metadata) -> None:
    document.check_params("metadata.json", metadata.params)
    names = tuple(feature.name for feature in metadata.features)
    if names != FEATURE_NAMES:
        raise SchemaIncompatibleError(
            f"metadata.json: the features are {', '.join(names)}; "
            f"this server takes {', '.join(FEATURE_NAMES)} in this order"
        )
    golden = metadata.golden
    if not golden.rows or len(golden.rows) != len(golden.answers):
        raise BundleFormatError("metadata.json: golden rows and answers do not pair up")
    if any(len(row) != len(names) for row in golden.rows):
        raise BundleFormatError(f"metadata.json: a golden row has not {len(names)} values")
    more = (golden.intervals, golden.p_values, golden.contributions)
    if any(len(each) > len(golden.rows) for each in more):
        raise BundleFormatError("metadata.json: there are more golden answers than golden rows")
    if any(len(each) != len(names) for each in golden.contributions):
        raise BundleFormatError(f"metadata.json: golden contributions are not {len(names)}")
    ranges = [(found.name, found.min, found.max) for found in metadata.features]
    target = metadata.target
    for name, low, high in (*ranges, (target.name, target.min, target.max)):
        if low > high:
            raise BundleFormatError(f"metadata.json: the range of {name} ends before it starts")
    if metadata.trained_at.tzinfo is None:
        raise BundleFormatError("metadata.json: trained_at has no time zone")
    # In the first and the last year of the calendar, UTC may be beyond it.
    if not MINYEAR < metadata.trained_at.year < MAXYEAR:
        raise BundleFormatError("metadata.json: trained_at is beyond what a clock can show")
