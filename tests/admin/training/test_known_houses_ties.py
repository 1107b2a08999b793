"""Values that differ by their rounding alone, as filled-in ones do."""

import numpy as np

from admin.training import known_houses


def test_what_differs_by_its_rounding_alone_is_one_value() -> None:
    rng = np.random.default_rng(3)
    scaled = rng.normal(size=(200, 13))
    # Nine rows in ten have a value that was filled in, in two roundings.
    scaled[:180, 0] = 0.1
    scaled[:90, 0] = np.nextafter(0.1, 1)
    known, _ = known_houses.learn(scaled, keep_rows=True, seed=0)
    moved = scaled.copy()
    moved[:180, 0] = 0.1
    assert np.abs(known.scores(moved) - known.scores(scaled)).max() < 1e-6
