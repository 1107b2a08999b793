"""The imputers of the evaluator in C, against those in numpy."""

import math
import shutil
import sys
import threading
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from housing_grpc.bundle.imputers import ConstantImputer, Imputer, IterativeImputer, KnnImputer
from housing_grpc.bundle.native_evaluator import NATIVE

Rows = NDArray[np.float64]

WIDTH = 13


def test_it_is_built_where_there_is_a_compiler() -> None:
    if shutil.which("cc") is None:
        pytest.skip("there is no C compiler")
    assert NATIVE is not None, "`make setup` builds the evaluator"


def price_of(model: Any, row: Rows) -> float:
    """Asks for the price of one row."""
    price = np.empty(1)
    assert model.predict(row, price)
    return float(price[0])


def native(imputer: Imputer, rows: Rows) -> Rows:
    """Fill rows by asking models that answer with one feature each."""
    if NATIVE is None:
        pytest.skip("the evaluator is not built")
    columns = []
    for weights in np.eye(WIDTH):
        model = NATIVE(
            imputer.parts, np.zeros(WIDTH), np.ones(WIDTH), ("linear", weights, np.zeros(1))
        )
        columns.append(np.empty(len(rows)))
        assert model.predict(rows, columns[-1])
        assert [price_of(model, row) for row in rows] == columns[-1].tolist()
    return np.column_stack(columns)


def known(random: np.random.Generator, count: int, blank: float) -> Rows:
    """Training rows, many of them equally near to others, with at least one value a feature."""
    rows = np.round(random.normal(size=(count, WIDTH)) * 2) / 2
    rows[random.random(rows.shape) < blank] = np.nan
    rows[0] = random.normal(size=WIDTH)
    return rows


def lacking(random: np.random.Generator, count: int) -> Rows:
    """Rows that miss some values, from one to all of them."""
    rows = np.round(random.normal(size=(count, WIDTH)) * 2) / 2
    for row in rows:
        row[random.choice(WIDTH, size=random.integers(1, WIDTH + 1), replace=False)] = np.nan
    return rows


@given(
    seed=st.integers(0, 2**32),
    count=st.integers(1, 60),
    neighbors=st.integers(1, 70),
    blank=st.sampled_from([0.0, 0.3, 0.9]),
)
@settings(max_examples=150, deadline=None)
def test_knn(seed: int, count: int, neighbors: int, blank: float) -> None:
    random = np.random.default_rng(seed)
    imputer = KnnImputer(known(random, count, blank), neighbors)
    rows = lacking(random, 20)
    expected = imputer.fill(rows.copy(), np.isnan(rows))
    np.testing.assert_allclose(native(imputer, rows), expected, rtol=1e-13, atol=1e-13)


def hardest(count: int) -> Rows:
    """Numbers in an order in which a selection that begins in the middle finds one a round."""
    numbers, places = np.empty(count), list(range(count))
    for low in range(count):
        middle = low + (count - 1 - low) // 2
        numbers[places[middle]] = low
        places[low], places[middle] = places[middle], places[low]
    return numbers


def test_no_order_of_the_rows_makes_a_row_take_seconds() -> None:
    if NATIVE is None:
        pytest.skip("the evaluator is not built")
    count = 2**14
    seconds = {}
    for name, order in (
        ("hardest", hardest(count)),
        ("any", np.random.default_rng(1).permutation(count).astype(float)),
    ):
        rows = np.ones((count, WIDTH))
        rows[:, 0], rows[:, 5] = 1000 + order, order
        imputer = KnnImputer(rows, count - 1)
        answer = ("linear", np.eye(WIDTH)[5], np.zeros(1))
        model = NATIVE(imputer.parts, np.zeros(WIDTH), np.ones(WIDTH), answer)
        row = np.array([1.0] * 5 + [math.nan] + [1.0] * 7)
        # All but the farthest, which is the last number.
        assert price_of(model, row) == pytest.approx((count - 2) / 2)
        begun = time.process_time()
        for _ in range(5):
            price_of(model, row)
        seconds[name] = time.process_time() - begun
    # It took a hundred times as long, and four times that for each twice as many rows.
    assert seconds["hardest"] < 30 * seconds["any"]


def test_a_search_of_many_rows_lets_other_threads_go_on() -> None:
    if NATIVE is None:
        pytest.skip("the evaluator is not built")
    random = np.random.default_rng(2)
    imputer = KnnImputer(random.random((2**16, WIDTH)), 2**15)
    answer = ("linear", np.ones(WIDTH), np.zeros(1))
    model = NATIVE(imputer.parts, np.zeros(WIDTH), np.ones(WIDTH), answer)
    row = np.array([0.5] + [math.nan] * (WIDTH - 1))
    searching, went_on = threading.Thread(target=price_of, args=(model, row)), 0
    interval = sys.getswitchinterval()
    # No thread goes on but where another one lets it.
    sys.setswitchinterval(1000)
    try:
        searching.start()
        while searching.is_alive():
            time.sleep(0)
            went_on += 1
    finally:
        sys.setswitchinterval(interval)
    assert went_on > 100


@given(seed=st.integers(0, 2**32), rounds=st.integers(0, 6), bounded=st.booleans())
@settings(max_examples=150, deadline=None)
def test_iterative(seed: int, rounds: int, bounded: bool) -> None:
    random = np.random.default_rng(seed)
    steps = []
    for _ in range(rounds * 5):
        feature, *inputs = random.choice(WIDTH, size=6, replace=False)
        coefficients = random.normal(size=5) / 3
        steps.append((int(feature), np.array(inputs), coefficients, float(random.normal())))
    limit = 0.5 if bounded else np.inf
    imputer = IterativeImputer(
        initial=random.normal(size=WIDTH),
        minimum=np.full(WIDTH, -limit),
        maximum=np.full(WIDTH, limit),
        steps=steps,
    )
    rows = lacking(random, 20)
    expected = imputer.fill(rows.copy(), np.isnan(rows))
    np.testing.assert_allclose(native(imputer, rows), expected, rtol=1e-12, atol=1e-12)


def test_constant() -> None:
    random = np.random.default_rng(0)
    imputer = ConstantImputer(random.normal(size=WIDTH))
    rows = lacking(random, 200)
    expected = imputer.fill(rows.copy(), np.isnan(rows))
    assert native(imputer, rows).tolist() == expected.tolist()
