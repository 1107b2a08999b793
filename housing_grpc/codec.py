"""Between the wire and arrays: the only module that knows both."""

import time
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from google.protobuf.timestamp_pb2 import Timestamp
from housing.v1 import prediction_pb2 as pb
from numpy.typing import NDArray

from housing_grpc import status, validation
from housing_grpc.bundle.ranges import Ranges
from housing_grpc.bundle.schema import FEATURE_NAMES
from housing_grpc.errors import Reason, ServingError, Violation

Rows = NDArray[np.float64]

_LARGEST = validation.LARGEST
_NAN = float("nan")
_WIDTH = len(FEATURE_NAMES)

# Where each field of House goes in a row. The JSON name is the dataset's own.
_COLUMNS = {
    field.number: FEATURE_NAMES.index(field.json_name) for field in pb.House.DESCRIPTOR.fields
}


def decode_house(house: pb.House, path: str) -> list[float]:
    """Reads one house.

    Args:
        house: As it came over the wire.
        path: Where it stands in the request, such as "items[3]".

    Returns:
        Values in the order of FEATURES, NaN where one is missing.

    Raises:
        ServingError: NO_FEATURES, FEATURE_NOT_FINITE or FEATURE_DOMAIN.
    """
    values = [_NAN] * _WIDTH
    present = house.ListFields()
    if not present:
        raise validation.no_features(path)
    for field, value in present:
        # False for NaN, too.
        if not -_LARGEST <= value <= _LARGEST:
            raise validation.not_finite([(f.json_name, v) for f, v in present], path)
        values[_COLUMNS[field.number]] = value
    validation.check_domains(values, path)
    return values


def decode_houses(
    houses: Sequence[pb.House], start: int
) -> tuple[Rows, list[int], dict[int, ServingError]]:
    """Reads houses, keeping what is wrong with one to that one.

    Args:
        houses: A part of the request's items.
        start: Where that part starts among them.

    Returns:
        The rows that can be scored, shape (n, features); their positions in
        `houses`; and the error of each other, by position.
    """
    rows, positions, errors = [], [], {}
    for position, house in enumerate(houses):
        try:
            rows.append(decode_house(house, f"items[{start + position}]"))
            positions.append(position)
        except ServingError as error:
            errors[position] = error
    return np.array(rows, dtype=np.float64).reshape(-1, _WIDTH), positions, errors


def decode_matrix(matrix: pb.HouseMatrix) -> Rows:
    """Reads houses sent as one block of numbers.

    Returns:
        Shape (n, features) in the order of FEATURES, NaN where a value is
        missing; not to be written to.

    Raises:
        ServingError: UNKNOWN_FEATURE or SHAPE_MISMATCH.
    """
    columns = _matrix_columns(tuple(matrix.features))
    data = matrix.values
    if len(data) % (8 * len(columns)):
        raise ServingError(
            Reason.SHAPE_MISMATCH,
            f"matrix.values: is {len(data)} bytes long, which is no multiple of "
            f"{len(columns)} features of 8 bytes",
            violations=(
                Violation(
                    field="matrix.values", description="send 8 bytes a feature for every house"
                ),
            ),
        )
    values = np.frombuffer(data, dtype="<f8").reshape(-1, len(columns))
    if columns == tuple(range(_WIDTH)):
        return values
    rows = np.full((len(values), _WIDTH), np.nan)
    rows[:, columns] = values
    return rows


def encode_prediction(
    row: Rows, price: float, ranges: Ranges, model_version: str
) -> pb.PredictResponse:
    """Returns the answer for one house.

    Args:
        row: Shape (features,), NaN where a value was missing.
        price: In the target's unit.
        ranges: Of the model that answered.
        model_version: Of the model that answered.
    """
    response = pb.PredictResponse(
        prediction=price, model_version=model_version, timestamp=timestamp()
    )
    _annotate(response, row, ranges)
    return response


def encode_results(
    *,
    count: int,
    rows: Rows,
    positions: Sequence[int],
    prices: Rows,
    errors: dict[int, ServingError],
    ranges: Ranges,
) -> list[pb.RowResult]:
    """Returns one result a house, in the order of the request.

    Args:
        count: How many houses there were.
        rows: Those that were scored, shape (n, features).
        positions: Where each scored row stands among the houses.
        prices: Shape (n,), in the target's unit.
        errors: Why each other house was not scored, by position.
        ranges: Of the model that answered.
    """
    results = [pb.RowResult() for _ in range(count)]
    for position, price in zip(positions, prices.tolist(), strict=True):
        results[position].prediction = price
    remarkable = np.isnan(rows) | (rows < ranges.minimum) | (rows > ranges.maximum)
    for place in np.flatnonzero(remarkable.any(axis=1)).tolist():
        _annotate(results[positions[place]], rows[place], ranges)
    for position, error in errors.items():
        results[position].error.CopyFrom(status.to_proto(error))
    return results


def encode_prices(
    rows: Rows, prices: Rows, errors: dict[int, ServingError], ranges: Ranges
) -> pb.PriceVector:
    """Returns one number a house.

    Args:
        rows: All houses of the chunk, shape (n, features).
        prices: Shape (n,), NaN where a house was not scored.
        errors: Why each such house was not scored, by its place.
        ranges: Of the model that answered.
    """
    outside = (rows < ranges.minimum) | (rows > ranges.maximum)
    return pb.PriceVector(
        values=prices.astype("<f8", copy=False).tobytes(),
        errors=[
            pb.RowError(row=place, error=status.to_proto(error)) for place, error in errors.items()
        ],
        out_of_range_rows=int(outside.any(axis=1).sum()),
        imputed_rows=int(np.isnan(rows).any(axis=1).sum()),
    )


def timestamp() -> Timestamp:
    """Returns the time now."""
    seconds, nanos = divmod(time.time_ns(), 1_000_000_000)
    return Timestamp(seconds=seconds, nanos=nanos)


@lru_cache(maxsize=64)
def _matrix_columns(names: tuple[str, ...]) -> tuple[int, ...]:
    unknown = [name for name in names if name not in FEATURE_NAMES]
    if unknown or not names or len(set(names)) < len(names):
        fault = f"has an unknown name {unknown[0]!r}" if unknown else "is empty or repeats a name"
        fix = f"name each at most once of {', '.join(FEATURE_NAMES)}"
        raise ServingError(
            Reason.UNKNOWN_FEATURE,
            f"matrix.features: {fault}; {fix}",
            violations=(Violation(field="matrix.features", description=fix),),
        )
    return tuple(FEATURE_NAMES.index(name) for name in names)


def _annotate(answer: pb.PredictResponse | pb.RowResult, row: Rows, ranges: Ranges) -> None:
    missing = np.isnan(row)
    if missing.any():
        answer.imputed_features.extend(FEATURE_NAMES[i] for i in np.flatnonzero(missing))
    outside = (row < ranges.minimum) | (row > ranges.maximum)
    for i in np.flatnonzero(outside):
        name, value = FEATURE_NAMES[i], float(row[i])
        low, high = float(ranges.minimum[i]), float(ranges.maximum[i])
        answer.warnings.append(
            f"Feature '{name}' value {value:g} is outside training range [{low:g}, {high:g}]"
        )
        answer.range_warnings.add(feature=name, value=value, min=low, max=high)
