"""Asks a bundle what makes the prices of houses, in the mean."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from housing_grpc.bundle import model as bundle_model
from housing_grpc.bundle.errors import BundleError

from ..base.errors import ExportError

# Deep forests take 8 ms a house; training is not to take longer for a picture.
_SECONDS = 0.25
_FEWEST_ROWS = 20


@dataclass(frozen=True, kw_only=True, eq=False)
class Contributions:
    """How much each feature moves prices.

    Attributes:
        amounts: Mean absolute contribution, shape (features,), in the target's unit.
        rows: Over how many houses.
    """

    amounts: NDArray[np.float64]
    rows: int


def mean_contributions(folder: Path, houses: pd.DataFrame, max_bytes: int) -> Contributions | None:
    """Return how much each feature moves the prices of houses.

    Args:
        folder: The bundle.
        houses: Some rows; only as many are taken as are explained in a moment, evenly spaced.
        max_bytes: Most bytes of a bundle that servers take.

    Returns:
        None if the bundle has nothing to explain prices by.

    Raises:
        ExportError: It cannot be read.
    """
    try:
        bundle = bundle_model.load(folder, max_bytes=max_bytes, tried=True)
        most = max(_FEWEST_ROWS, int(_SECONDS / bundle.explanation_seconds))
        count = min(len(houses), most)
        places = np.linspace(0, len(houses) - 1, count).astype(int)
        found = bundle.explain(houses.to_numpy(dtype=np.float64)[places])
    except BundleError as error:
        raise ExportError(f"its bundle cannot be used: {error}") from error
    if found is None:
        return None
    return Contributions(amounts=np.abs(found.amounts).mean(axis=0), rows=count)
