"""Loads house prices from a file and refuses what a model must not be trained on."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from housing_grpc.bundle.schema import FEATURE_NAMES, TARGET_NAME
from housing_table.columns import to_price, to_train

from ..base.errors import DataError
from . import plausibility
from .checks import read_numbers
from .table import Table, read_table

if TYPE_CHECKING:
    import pandas as pd

THOUSANDS_OF_USD = "thousands of USD"
USD = "USD"
MIN_ROWS = 20
_COLUMNS = (*FEATURE_NAMES, TARGET_NAME)

# Half the homes of a table costing more than a million dollars each is less likely than
# prices written in single dollars.
_MAX_MEDIAN_IN_THOUSANDS = 1000.0


# Comparing data frames gives no single truth value, so equality stays identity.
@dataclass(frozen=True, kw_only=True, eq=False)
class Dataset:
    """Houses to train on.

    Attributes:
        features: Shape (n, 13), float64, columns ``FEATURE_NAMES`` in that order, NaN
            where a value is missing, index 0 to n-1.
        target: Shape (n,), float64, named ``MEDV``, never NaN, same index.
        target_unit: Unit of the target, such as "thousands of USD".
        digest: SHA-256 of the file's bytes, in hexadecimal.
        dropped_rows: Number of rows left out because they had no target.
        warnings: One line each, for people.
        accepted: What is in doubt of its columns, and was accepted; one line each.
    """

    features: "pd.DataFrame"
    target: "pd.Series"
    target_unit: str
    digest: str
    dropped_rows: int
    warnings: tuple[str, ...]
    accepted: tuple[str, ...] = ()


def load(
    path: str | Path, *, target_unit: str | None = None, accept: Collection[str] = ()
) -> Dataset:
    """Load a CSV or Parquet file to train on, by the rules of docs/tables.md.

    Args:
        path: The file, with the columns ``FEATURE_NAMES`` and ``MEDV``, or other names for them.
        target_unit: Unit of the target. By default it is taken from its size:
            "thousands of USD", or "USD" (with a warning) if the median is above 1000.
        accept: Columns that are taken as they are, however they look.

    Returns:
        The rows that have a target, in the order of the file.

    Raises:
        DataError: The file cannot be read, a column is missing, a cell is wrong, fewer
            than 20 rows have a target, all targets are equal, a feature has no value, or a
            column that is not accepted cannot be what it says.
    """
    table = read_table(path, to_train)
    numbers = _in_order(table, _COLUMNS)
    has_target = ~np.isnan(numbers[:, -1])
    kept = numbers[has_target]
    _check_trainable(kept, table.place)
    where = [table.where[row] for row in np.flatnonzero(has_target)]
    accepted, odd = _check_plausible(kept, where, table.place, accept, target_unit)
    # Refused before it is loaded, which takes half a second.
    import pandas as pd

    dropped = len(numbers) - len(kept)
    unit, unit_warnings = _unit_of(kept[:, -1], target_unit)
    return Dataset(
        features=_frame(kept[:, :-1]),
        target=pd.Series(kept[:, -1], name=TARGET_NAME),
        target_unit=unit,
        digest=table.digest,
        dropped_rows=dropped,
        warnings=(
            *table.notes,
            *_dropped_warnings(dropped),
            *unit_warnings,
            *odd,
            *(f"accepted: {each}" for each in accepted),
        ),
        accepted=accepted,
    )


def load_features(path: str | Path) -> "tuple[pd.DataFrame, tuple[str, ...]]":
    """Load the features of a CSV or Parquet file whose houses are to be priced.

    No row is left out, and a column may be missing or without any value. A target column is
    ignored, as are others that are not features.

    Args:
        path: The file, with at least one of the columns ``FEATURE_NAMES``.

    Returns:
        Shape (n, 13) with n of at least 1, as ``Dataset.features``; and what was renamed, left
        out or is missing, one line each.

    Raises:
        DataError: The file cannot be read, no column is a feature, or a cell is wrong.
    """
    table = read_table(path, to_price)
    return _frame(_in_order(table, FEATURE_NAMES)), table.notes


def load_priced(path: str | Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Load houses and their prices to hold models against: nothing is learned from them.

    However few they are, and however their columns look.

    Args:
        path: The file, with the columns ``FEATURE_NAMES`` and ``MEDV``.

    Returns:
        Rows of shape (n, 13), NaN where a value is missing, and prices of shape (n,).

    Raises:
        DataError: The file cannot be read, or a cell is wrong.
    """
    numbers = _in_order(read_table(path, to_train), _COLUMNS)
    return numbers[:, :-1], numbers[:, -1]


def _in_order(table: Table, columns: Sequence[str]) -> NDArray[np.float64]:
    """Return the numbers of a table in the order of the columns, NaN for one that it lacks."""
    found = read_numbers(table)
    numbers = np.full((len(found), len(columns)), np.nan)
    for place, name in enumerate(table.names):
        numbers[:, columns.index(name)] = found[:, place]
    return numbers


def _frame(numbers: NDArray[np.float64]) -> "pd.DataFrame":
    import pandas as pd

    return pd.DataFrame(numbers, columns=list(FEATURE_NAMES))


def _check_trainable(kept: NDArray[np.float64], place: str) -> None:
    """Refuse rows, all with a target, that no model can learn from."""
    if not len(kept):
        raise DataError(f"{place}: no row has a value in {TARGET_NAME}; fill the column in")
    if len(kept) < MIN_ROWS:
        raise DataError(
            f"{place}: too few rows to train on: {len(kept)} with a value in {TARGET_NAME},"
            f" at least {MIN_ROWS} are needed"
        )
    target = kept[:, -1]
    if target.min() == target.max():
        raise DataError(
            f"{place}: {TARGET_NAME} is {target[0]:.15g} in every row; give rows that differ in it"
        )
    columns = zip(FEATURE_NAMES, kept[:, :-1].T, strict=True)
    names = [name for name, values in columns if bool(np.isnan(values).all())]
    if names:
        raise DataError(
            f"{place}: no row to train on has a value in {', '.join(names)}; fill in some values"
        )


def _check_plausible(
    kept: NDArray[np.float64],
    where: Sequence[str],
    place: str,
    accept: Collection[str],
    target_unit: str | None,
) -> tuple[tuple[str, ...], list[str]]:
    """Refuse columns that cannot be what they say; return what was accepted, and what is odd."""
    any_unit = target_unit is not None
    doubts, odd = plausibility.find(kept, _COLUMNS, where, any_unit=any_unit)
    refused = [each for each in doubts if each.column not in accept]
    if refused:
        names = ",".join(each.column for each in doubts)
        raise DataError(
            f"{place}: {'; '.join(f'{each.column} {each.text}' for each in refused)}."
            f" To train on it as it is: --accept {names} (of an experiment, accept: in its YAML)"
        )
    return tuple(f"{each.column} {each.text}" for each in doubts), odd


def _unit_of(target: NDArray[np.float64], given: str | None) -> tuple[str, tuple[str, ...]]:
    """Return the unit of the target, and a warning if it had to be guessed from its size."""
    if given is not None:
        return given, ()
    median = float(np.median(target))
    if median <= _MAX_MEDIAN_IN_THOUSANDS:
        return THOUSANDS_OF_USD, ()
    warning = (
        f"the median of {TARGET_NAME} is {median:.15g}, so its unit is taken to be {USD};"
        " name the unit if it is another"
    )
    return USD, (warning,)


def _dropped_warnings(dropped: int) -> list[str]:
    return [f"rows left out because they have no {TARGET_NAME}: {dropped}"] if dropped else []
