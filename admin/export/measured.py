"""What a bundle is found to be when it is opened: whether it answers, how large and how fast."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from housing_grpc.bundle import files, schema
from housing_grpc.bundle import model as bundle_model
from housing_grpc.bundle.arrays import Rows
from housing_grpc.bundle.errors import BundleError
from housing_grpc.bundle.model import Bundle

from ..base.errors import ExportError

_LARGEST = 2**30
_ROUNDS = 7
_ROWS = 300
_NO_HOUSES: Rows = np.empty((0, len(schema.FEATURE_NAMES)))


@dataclass(frozen=True, kw_only=True, eq=False)
class Measured:
    """An opened bundle, which has answered its golden rows.

    Attributes:
        digest: Of the bundle.
        run_id: That trained it, or "".
        params: What its training set, by the name it is logged under.
        data_digest: SHA-256 of the file that it was trained on.
        unit: Of its prices.
        schema_digest: Of what goes in and comes out.
        golden_rows: How many it has answered.
        largest_gap: Largest difference of its answers from those of training, in its unit.
        tolerance: Largest one allowed.
        bytes: Size of all its files.
        evaluator: What computes prices here: "native" or "numpy".
        row_seconds: Processor time to price one house with all that is told unasked, the best of
            several.
        has_intervals: Whether its prices have bounds.
        prices: Of the houses that it was asked for, shape (n,).
    """

    digest: str
    run_id: str
    params: Mapping[str, object]
    data_digest: str
    unit: str
    schema_digest: str
    golden_rows: int
    largest_gap: float
    tolerance: float
    bytes: int
    evaluator: str
    row_seconds: float
    has_intervals: bool
    prices: Rows


def measure(folder: Path, houses: Rows = _NO_HOUSES) -> Measured:
    """Open a bundle and measure it.

    Args:
        folder: The bundle.
        houses: That it is to price, shape (n, features).

    Raises:
        ExportError: It cannot be opened, or does not answer as it did in training.
    """
    try:
        size = sum(files.sizes(folder, _LARGEST).values())
        bundle = bundle_model.load(folder, max_bytes=_LARGEST)
        rows = np.array(bundle.metadata.golden.rows, dtype=np.float64)
        answers = bundle.predict(rows)
        prices = bundle.predict(houses) if len(houses) else np.empty(0)
    except BundleError as error:
        raise ExportError(f"the bundle cannot be used: {error}") from error
    metadata = bundle.metadata
    return Measured(
        digest=str(bundle.digest),
        run_id=metadata.run_id,
        params=metadata.params,
        data_digest=metadata.data_digest,
        unit=metadata.target.unit,
        schema_digest=schema.digest(metadata.target.name, metadata.target.unit),
        golden_rows=len(rows),
        largest_gap=float(np.abs(answers - np.array(metadata.golden.answers)).max()),
        tolerance=metadata.golden.tolerance,
        bytes=size,
        evaluator=bundle.evaluator,
        row_seconds=_row_seconds(bundle, rows[:1]),
        has_intervals=metadata.interval is not None,
        prices=prices,
    )


def _row_seconds(bundle: Bundle, row: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
    best = float("inf")
    for _ in range(_ROUNDS):
        start = time.thread_time()
        for _ in range(_ROWS):
            bundle.assess(row, bundle.predict(row))
        best = min(best, (time.thread_time() - start) / _ROWS)
    return best
