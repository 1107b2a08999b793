"""From the wire to arrays: houses."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Protocol

import numpy as np
from housing.v1 import prediction_pb2 as pb
from numpy.typing import NDArray

from housing_grpc.base.errors import Reason, ServingError, Violation
from housing_grpc.bundle.schema import FEATURE_NAMES
from housing_grpc.houses import validation

Rows = NDArray[np.float64]


class Matrix(Protocol):
    """Houses as one block of numbers."""

    @property
    def features(self) -> Iterable[str]:
        """Names, in the order of the values."""

    @property
    def values(self) -> bytes:
        """Little-endian doubles, house by house."""


_LARGEST = validation.LARGEST
_NAN = float("nan")
_WIDTH = len(FEATURE_NAMES)
_ALL = tuple(range(_WIDTH))

# The field of House for each place in a row. The JSON name is the dataset's own.
_NAMES = {field.json_name: field.name for field in pb.House.DESCRIPTOR.fields}
FIELDS = [_NAMES[name] for name in FEATURE_NAMES]
_read = attrgetter(*FIELDS)


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
    values: list[float] = list(_read(house))
    missing = 0
    for column, value in enumerate(values):
        # A field that is not set reads as 0: only then does it have to be asked.
        if value == 0.0:
            if not house.HasField(FIELDS[column]):
                values[column] = _NAN
                missing += 1
        # False for NaN, too.
        elif not -_LARGEST <= value <= _LARGEST:
            raise validation.not_finite(_present(house), path)
    if missing == _WIDTH:
        raise validation.no_features(path)
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


def decode_matrix(matrix: Matrix) -> Rows:
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
    if columns == _ALL:
        return values
    rows = np.full((len(values), _WIDTH), np.nan)
    rows[:, columns] = values
    return rows


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


def _present(house: pb.House) -> list[tuple[str, float]]:
    return [(field.json_name, value) for field, value in house.ListFields()]
