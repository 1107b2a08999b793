"""What a bundle says of its training data, its libraries and its own answers."""

import importlib
import platform
from collections.abc import Mapping

import numpy as np
import onnx
import onnxruntime
import sklearn
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from housing_grpc.bundle.metadata import Feature, Golden, Histogram, Target
from housing_grpc.bundle.schema import FEATURE_NAMES, TARGET_NAME

from ..data.dataset import Dataset
from .probes import blank
from .reference import reference

_BINS = 10
_GOLDEN_SEED = 20240102
# How many values each golden row misses; the last has only one left.
_GOLDEN_BLANKS = (0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 3, 4, 5, 6, 8, len(FEATURE_NAMES) - 1)


def features(training: Dataset) -> list[Feature]:
    """Return range, missing count and histogram of each feature."""
    found = []
    for name in FEATURE_NAMES:
        column = training.features[name].to_numpy()
        values = column[~np.isnan(column)]
        found.append(
            Feature(
                name=name,
                min=float(values.min()),
                max=float(values.max()),
                missing_count=len(column) - len(values),
                histogram=histogram(values),
            )
        )
    return found


def histogram(values: NDArray[np.float64]) -> Histogram:
    """Count values in at most ten bins of about equal size.

    Up to ten distinct values have a bin each, with edges halfway between them. The last
    bin includes its upper edge, no other does.

    Args:
        values: Shape (n,) with n of at least 1, none missing.
    """
    distinct = np.unique(values)
    if len(distinct) == 1:
        edges = distinct[0] + np.array([-0.5, 0.5]) * max(1.0, abs(distinct[0]))
    elif len(distinct) <= _BINS:
        between = distinct[:-1] / 2 + distinct[1:] / 2
        edges = np.unique([distinct[0], *between, distinct[-1]])
    else:
        edges = np.unique(np.quantile(values, np.linspace(0, 1, _BINS + 1)))
    counts, _ = np.histogram(values, bins=edges)
    return Histogram(edges=edges.tolist(), counts=counts.tolist())


def target(training: Dataset) -> Target:
    """Return the target's unit and range."""
    prices = training.target.to_numpy()
    return Target(
        name=TARGET_NAME,
        unit=training.target_unit,
        min=float(prices.min()),
        max=float(prices.max()),
    )


def golden(pipeline: Pipeline, training: Dataset, tolerance: float) -> Golden:
    """Return sixteen rows, most of them with blanks, and the fitted pipeline's answers."""
    random = np.random.default_rng(_GOLDEN_SEED)
    rows = training.features.to_numpy()
    chosen = rows[np.linspace(0, len(rows) - 1, len(_GOLDEN_BLANKS)).astype(int)]
    # A row that keeps one value must keep one that is there.
    chosen[-1] = np.nanmedian(rows, axis=0)
    asked = np.array(
        [blank(row, count, random) for row, count in zip(chosen, _GOLDEN_BLANKS, strict=True)]
    )
    return Golden(
        rows=[[None if np.isnan(value) else float(value) for value in row] for row in asked],
        answers=reference(pipeline, asked).tolist(),
        tolerance=tolerance,
    )


def library_versions(pipeline: Pipeline) -> dict[str, str]:
    """Return the versions of Python and of the libraries that had a part in the bundle."""
    versions = {
        "numpy": np.__version__,
        "onnx": onnx.__version__,
        "onnxruntime": onnxruntime.__version__,
        "python": platform.python_version(),
        "scikit-learn": sklearn.__version__,
    }
    library = type(pipeline["model"]).__module__.partition(".")[0]
    if library != "sklearn":
        found = getattr(importlib.import_module(library), "__version__", None)
        versions[library] = str(found) if found else "unknown"
    return versions


def plain(params: Mapping[str, object]) -> dict[str, object]:
    """Return parameters with numpy's numbers turned into Python's, which JSON can hold."""
    return {
        name: value.item() if isinstance(value, np.generic) else value
        for name, value in params.items()
    }
