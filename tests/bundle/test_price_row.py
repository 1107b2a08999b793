"""One row of bytes, held against its limits and priced, all in C."""

import numpy as np
import pytest
from numpy.typing import NDArray

from admin.strategies.graph import Graph, Linear, Trees
from housing_grpc.bundle import evaluator as evaluators
from housing_grpc.bundle.errors import ModelOutputError
from housing_grpc.bundle.ranges import Ranges
from tests.support.evaluators import SCALED, WIDTH, forest, grid, native

Rows = NDArray[np.float64]

pytestmark = pytest.mark.skipif(evaluators.NATIVE is None, reason="the evaluator is not built")

LIMITS = Ranges(minimum=np.full(WIDTH, -1.0), maximum=np.full(WIDTH, 2.0))
DOMAIN = np.array([[-9.0] * WIDTH, [9.0] * WIDTH, [1.0] + [0.0] * (WIDTH - 1)])


def one(*changed: float) -> bytes:
    return np.array([*changed, *[1.0] * (WIDTH - len(changed))]).tobytes()


@pytest.mark.parametrize("kind", ["trees", "linear"])
def test_a_row_of_bytes_is_priced_as_in_a_batch(kind: str) -> None:
    random = np.random.default_rng(8)
    graphs: dict[str, Graph] = {
        "trees": Trees(trees=forest(random, 21, 40), inclusive=True, base=1.0),
        "linear": Linear(coefficients=random.normal(size=WIDTH), intercept=0.1),
    }
    found, rows = native(graphs[kind], SCALED), grid(random, 200)
    rows[:, 0] = 1.0
    anything = np.array([[-np.inf] * WIDTH, [np.inf] * WIDTH, [0.0] * WIDTH])
    prices = [found.price_row(row.tobytes(), LIMITS, anything) for row in rows]
    inside = (rows >= LIMITS.minimum) & (rows <= LIMITS.maximum)
    usual = np.all(inside, axis=1)
    assert prices == list(zip(found.predict(rows).tolist(), usual.tolist(), strict=True))
    assert 0 < usual.sum() < len(rows)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (one(), (13.0, True)),
        (one(2.0), (14.0, True)),
        (one(3.0), (15.0, False)),
        (one(1.0, np.nan), (12.5, False)),
        (one(0.5), None),
        (one(10.0), None),
        (one(1.0, -np.inf), None),
        (np.full(WIDTH, np.nan).tobytes(), None),
    ],
    ids=[
        "inside", "at the bound", "outside", "missing", "not whole", "too large", "infinite",
        "nothing at all",
    ],
)  # fmt: skip
def test_a_row_is_held_against_its_limits(row: bytes, told: tuple[float, bool] | None) -> None:
    found = native(Linear(coefficients=np.ones(WIDTH), intercept=0.0))
    assert found.price_row(row, LIMITS, DOMAIN) == told


def test_a_row_of_bytes_has_a_price_that_is_a_number() -> None:
    found = native(Linear(coefficients=np.full(WIDTH, 1e308), intercept=0.0))
    with pytest.raises(ModelOutputError, match="not a finite number"):
        found.price_row(one(), LIMITS, DOMAIN)


@pytest.mark.parametrize(
    ("row", "limits", "domain"),
    [
        (one()[:-8], LIMITS, DOMAIN),
        (one() + b"x", LIMITS, DOMAIN),
        (b"", LIMITS, DOMAIN),
        (one(), Ranges(minimum=np.zeros(12), maximum=LIMITS.maximum), DOMAIN),
        (one(), Ranges(minimum=LIMITS.minimum, maximum=np.zeros(14)), DOMAIN),
        (one(), LIMITS, DOMAIN[:2]),
        (one(), LIMITS, DOMAIN.astype(np.float32)),
    ],
)
def test_a_row_and_its_limits_have_the_same_width(row: bytes, limits: Ranges, domain: Rows) -> None:
    found = native(Linear(coefficients=np.ones(WIDTH), intercept=0.0))
    with pytest.raises(ValueError, match=r"must have 13 numbers each|not of float64"):
        found.price_row(row, limits, domain)
