"""The parts of the houses on which a model is looked at on its own."""

import numpy as np
from numpy.typing import NDArray

from .dataset import Dataset

Mask = NDArray[np.bool_]


def parts(dataset: Dataset, fewest: int) -> dict[str, Mask]:
    """Return the parts of the houses that are looked at on their own, by name.

    Args:
        dataset: The houses.
        fewest: Rows of a part; smaller ones are left out.
    """
    target = dataset.target.to_numpy()
    low, high = np.quantile(target, [1 / 3, 2 / 3])
    found = {
        f"prices up to {low:.4g}": target <= low,
        f"prices from {low:.4g} to {high:.4g}": (target > low) & (target <= high),
        f"prices above {high:.4g}": target > high,
        "a blank": dataset.features.isna().to_numpy().any(axis=1),
        "CHAS is 1": dataset.features["CHAS"].to_numpy() == 1,
        "RAD is 24": dataset.features["RAD"].to_numpy() == 24,
    }
    return {name: mask for name, mask in found.items() if mask.sum() >= fewest}
