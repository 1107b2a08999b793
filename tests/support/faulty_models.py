"""A model that answers some houses with what is no price."""

from pathlib import Path

import numpy as np
from housing.v1.prediction_pb2 import House, PredictRequest

from housing_grpc.bundle.regressor_file import Linear
from housing_grpc.bundle.schema import FEATURE_NAMES
from tests.support import examples
from tests.support.examples import Example

GOOD = PredictRequest(house=House(rm=7))
BAD = PredictRequest(house=House(rm=1e30))
"""Has a price by every model but a steep one."""


def steep() -> Linear:
    """Returns a model whose price is beyond all numbers for a house with far too many rooms."""
    weights = np.zeros(len(FEATURE_NAMES))
    weights[FEATURE_NAMES.index("RM")] = 1e300
    return Linear(coefficients=weights, intercept=1.0)


def write(source: Example, folder: Path) -> Example:
    """Writes the bundle of a steep model in the form of another bundle."""
    digest = examples.rewrite(source.folder, folder, regressor=steep())
    return Example(folder=folder, digest=digest, pipeline=source.pipeline)
