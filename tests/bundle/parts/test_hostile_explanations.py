"""Trees and shares that no training gives: what they add to a price is told as an error."""

import numpy as np
import pytest

from housing_grpc.bundle.errors import BundleFormatError, ModelOutputError
from housing_grpc.bundle.model import Bundle
from housing_grpc.bundle.parts import covers
from housing_grpc.bundle.regressor_file import encode_trees
from housing_grpc.bundle.schema import FEATURE_NAMES
from housing_grpc.bundle.trees import Trees
from tests.admin.exporting import DATASET
from tests.bundle.parts.making import Made
from tests.bundle.parts.test_hostile_parts import rebuilt

LOW, HIGH = np.nanmedian(DATASET.features.to_numpy(), axis=0) + np.array([[-1e3], [1e3]])
pytestmark = pytest.mark.parametrize("native", [True, False], ids=["native", "numpy"])


def stump(
    made: Made, low: float, high: float, share: float, *, exponential: bool, native: bool
) -> Bundle:
    """Returns a bundle that gives all houses of low values one number, and others another."""
    trees = Trees(
        roots=np.array([0]),
        feature=np.array([FEATURE_NAMES.index("CRIM"), 0, 0]),
        number=np.array([0.0, low, high]),
        left=np.array([1, -1, -1]),
        right=np.array([2, -1, -1]),
        inclusive=True,
        float32=False,
        exponential=exponential,
    )
    blobs = {
        "model.trees": encode_trees(trees),
        "covers.bin": covers.encode(trees, np.array([share, 0.0, 0.0])),
    }
    return rebuilt(made, blobs, native=native)


def test_a_reference_whose_price_is_0(boosted: Made, native: bool) -> None:
    bundle = stump(boosted, -1000.0, 3.0, 0.0, exponential=True, native=native)
    assert bundle.predict(np.array([LOW, HIGH])).tolist() == [0.0, pytest.approx(np.exp(3.0))]
    with pytest.raises(ModelOutputError, match="a price of 0, of which there is no logarithm"):
        bundle.explain(HIGH[None], LOW)


def test_amounts_that_are_no_numbers(boosted: Made, native: bool) -> None:
    bundle = stump(boosted, -1.5e308, 1.5e308, 0.5, exponential=False, native=native)
    assert np.isfinite(bundle.predict(np.array([LOW, HIGH]))).all()
    with pytest.raises(ModelOutputError, match="for a feature is no finite number"):
        bundle.explain(HIGH[None], LOW)


@pytest.mark.parametrize("leaf", [5000.0, -5000.0])
def test_shares_by_which_no_price_starts(boosted: Made, native: bool, leaf: float) -> None:
    with pytest.raises(BundleFormatError, match=r"covers\.bin: makes prices start from what is"):
        stump(boosted, leaf, 3.0, 1.0, exponential=True, native=native).self_test()
