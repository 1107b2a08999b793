"""What houses sold for, with their features, from the store that servers keep."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from housing_grpc.bundle.schema import FEATURE_NAMES
from housing_grpc.feedback.store import Store

from ..base.errors import DataError

Numbers = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Labels:
    """Houses that were sold, in the order in which that was recorded.

    Attributes:
        rows: Shape (n, features), NaN where a value is missing.
        prices: What they sold for, shape (n,).
        recorded: When that was recorded or corrected last, in microseconds of Unix time.
        sources: Who says so.
        ids: Of the receipts, in hexadecimal, as `feedback export` writes them.
    """

    rows: Numbers
    prices: Numbers
    recorded: NDArray[np.int64]
    sources: tuple[str, ...]
    ids: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, wanted: NDArray[np.bool_]) -> "Labels":
        """Return those that are wanted, shape (n,)."""
        places = np.flatnonzero(wanted).tolist()
        return Labels(
            rows=self.rows[places],
            prices=self.prices[places],
            recorded=self.recorded[places],
            sources=tuple(self.sources[place] for place in places),
            ids=tuple(self.ids[place] for place in places),
        )


def houses(rows: Numbers) -> list[bytes]:
    """Return for each row what tells its house from others."""
    # Of a missing value there are many NaN, and 0 has two signs.
    plain = np.where(np.isnan(rows), np.nan, rows + 0.0)
    return [row.tobytes() for row in plain]


def read(store: Store, schema_digest: str, since: int) -> Labels:
    """Return what counts: each house once, by what was recorded of it last.

    Args:
        store: Where outcomes are.
        schema_digest: Of the model that is to learn; houses that were priced by another schema
            are left out.
        since: When that model was trained, in microseconds of Unix time.

    Raises:
        DataError: There are outcomes since then, and none has the features of its house.
        StoreUnavailableError: The store does not answer.
    """
    newest: dict[bytes, Mapping[str, Any]] = {}
    bare = 0
    for row in sorted(_counting(store, schema_digest), key=lambda row: row["recorded_at"]):
        if row["features"] is None:
            bare += row["recorded_at"] > since
            continue
        features = np.frombuffer(bytes(row["features"]))[None]
        newest[houses(features)[0]] = {**row, "features": features[0]}
    found = sorted(newest.values(), key=lambda row: (row["recorded_at"], row["seq"]))
    if bare and not any(row["recorded_at"] > since for row in found):
        raise DataError(
            f"{bare} outcomes are new, and the features of none of their houses were kept: set"
            " FEEDBACK_KEEP_FEATURES=true on the server; those that come from then on can be"
            " learned from"
        )
    return _labels(found)


def _counting(store: Store, schema_digest: str) -> Iterator[Mapping[str, Any]]:
    after = 0
    while (found := store.export(after)).rows:
        for row in found.rows:
            if not row["retracted"] and schema_digest.startswith(row["schema"]):
                yield row
        after = found.after


def _labels(found: list[Mapping[str, Any]]) -> Labels:
    return Labels(
        rows=np.array([row["features"] for row in found]).reshape(-1, len(FEATURE_NAMES)),
        prices=np.array([row["actual"] for row in found], dtype=np.float64),
        recorded=np.array([row["recorded_at"] for row in found], dtype=np.int64),
        sources=tuple(row["source"] for row in found),
        ids=tuple(bytes(row["id"]).hex() for row in found),
    )
