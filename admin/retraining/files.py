"""Writes what a retraining learns from to files of the home, which its gate reads again."""

import csv
import hashlib
import io
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from housing_grpc.bundle.schema import FEATURE_NAMES, TARGET_NAME

from ..data.dataset import Dataset
from .labels import Labels, houses

FOLDER = "retraining"
"""Folder of these files, in a home."""

_DIGITS = 16
Numbers = NDArray[np.float64]


def union(home: Path, base: Dataset, labels: Labels) -> tuple[Path, str]:
    """Write data and houses that were sold; return the file and its SHA-256.

    What a house sold for counts more than what the data says of the same one.

    Args:
        home: Folder of local state.
        base: The data.
        labels: The houses.
    """
    rows, prices = base.features.to_numpy(), base.target.to_numpy()
    sold = set(houses(labels.rows))
    kept = np.array([house not in sold for house in houses(rows)], dtype=bool)
    together = np.vstack([rows[kept], labels.rows])
    return _write(home, "data", together, np.concatenate([prices[kept], labels.prices]))


def fresh(home: Path, labels: Labels) -> tuple[Path, str]:
    """Write houses that are kept for the gate; return the file and its SHA-256."""
    return _write(home, "fresh", labels.rows, labels.prices)


def _write(home: Path, kind: str, rows: Numbers, prices: Numbers) -> tuple[Path, str]:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*FEATURE_NAMES, TARGET_NAME])
    for row, price in zip(rows.tolist(), prices.tolist(), strict=True):
        writer.writerow(["NA" if value != value else repr(value) for value in (*row, price)])  # noqa: PLR0124 - NaN
    content = text.getvalue().encode()
    digest = hashlib.sha256(content).hexdigest()
    folder = home / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{kind}-{digest[:_DIGITS]}.csv"
    part = file.with_suffix(".part")
    # What houses sold for is their owners' affair.
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as opened:
        opened.write(content)
    part.replace(file)
    return file, digest
