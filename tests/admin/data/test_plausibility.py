"""Which columns are in doubt: odd ones of every kind, and no honest variant of the shipped file."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from admin.base.errors import DataError
from admin.data.dataset import load
from admin.data.plausibility import find
from housing_grpc.bundle.arrays import Rows
from housing_grpc.bundle.schema import FEATURE_NAMES
from tests.support.examples import DATA, load_houses

COLUMNS = (*FEATURE_NAMES, "MEDV")
WHOLE = ("CHAS", "RAD")
HEADER, *LINES = [line.split(",") for line in DATA.read_text().splitlines()]

Change = Callable[[Rows], Rows]
Vary = Callable[[Rows, np.random.Generator], Rows]


@pytest.fixture(scope="module")
def houses() -> Rows:
    data = load_houses()
    return np.column_stack([data.features.to_numpy(), data.target.to_numpy()])


def doubted(rows: Rows) -> dict[str, str]:
    where = [f"line {number}" for number in range(2, len(rows) + 2)]
    doubts, _ = find(rows, COLUMNS, where)
    return {each.column: each.text for each in doubts}


def priced(rows: Rows, change: Change) -> Rows:
    return np.column_stack([rows[:, :-1], change(rows[:, -1])])


def noisy(rows: Rows, random: np.random.Generator) -> Rows:
    changed = rows * (1 + 0.05 * random.standard_normal(rows.shape))
    changed += 0.05 * np.nanstd(rows, axis=0) * random.standard_normal(rows.shape)
    for name in WHOLE:
        changed[:, COLUMNS.index(name)] = rows[:, COLUMNS.index(name)]
    return changed


def blanks(rows: Rows, random: np.random.Generator) -> Rows:
    holes = random.random(rows.shape) < 0.4
    holes[:, -1] = False
    return np.where(holes, np.nan, rows)


def of_one_kind(rows: Rows, random: np.random.Generator) -> Rows:
    """A tenth of the towns that are next to each other by one of the columns."""
    by = rows[np.argsort(rows[:, random.integers(rows.shape[1])])]
    start = int(random.integers(len(rows) - 50))
    return by[start : start + 50]


def one_value(rows: Rows, random: np.random.Generator) -> Rows:
    """A column of which all values are the same, or all but one are missing."""
    changed = rows.copy()
    column = COLUMNS.index(random.choice(("NOX", "RM", "DIS", "TAX", "PTRATIO")))
    changed[:, column] = np.nanmedian(rows[:, column])
    if random.integers(2):
        changed[1:, column] = np.nan
    return changed


def flats(rows: Rows, random: np.random.Generator) -> Rows:
    changed = rows.copy()
    changed[:, COLUMNS.index("RM")] = np.round(random.normal(3, 0.3, len(rows)), 3)
    return changed


def exact_neighbours(rows: Rows, random: np.random.Generator) -> Rows:
    """A few next to each other by DIS, with as many decimals as a computer gives."""
    by = rows[np.argsort(rows[:, COLUMNS.index("DIS")])]
    start = int(random.integers(len(rows) - 20))
    return by[start : start + 20] * np.where(
        np.isin(COLUMNS, (*WHOLE, "MEDV")),
        1,
        1 + 0.003 * random.standard_normal((20, len(COLUMNS))),
    )


def few_in_euros(rows: Rows, random: np.random.Generator) -> Rows:
    """Twenty houses of one neighbourhood, at any rate of exchange."""
    start = int(random.integers(len(rows) - 20))
    return priced(rows[start : start + 20], lambda prices: prices * random.uniform(0.1, 2))


def a_price_of(number: float) -> Vary:
    """One house that costs as much as others write for "missing", in dollars or in thousands."""

    def vary(rows: Rows, random: np.random.Generator) -> Rows:
        changed = priced(rows, lambda p: p * (1000 if number > 1000 else 1))
        changed[random.integers(len(rows)), -1] = number
        return changed

    return vary


HONEST: dict[str, Vary] = {
    "few, in euros": few_in_euros,
    "a house for 99": a_price_of(99),
    "a house for 99,999": a_price_of(99999),
    "one value": one_value,
    "flats": flats,
    "exact neighbours": exact_neighbours,
    "as it is shipped": lambda rows, _: rows,
    "twenty rows": lambda rows, random: random.choice(rows, 20, replace=False),
    "half of it": lambda rows, random: random.choice(rows, 253, replace=False),
    "a bootstrap": lambda rows, random: random.choice(rows, len(rows)),
    "neighbours": of_one_kind,
    "errors of measurement": noisy,
    "blanks": blanks,
    "dollars": lambda rows, _: priced(rows, lambda prices: prices * 1000),
    "later prices": lambda rows, random: priced(rows, lambda p: p * random.uniform(1, 60)),
    "prices up to 40": lambda rows, _: priced(rows, lambda p: np.minimum(p, 40)),
    "whole thousands": lambda rows, _: priced(rows, np.round),
    "corrected prices": lambda rows, random: priced(
        rows, lambda p: p + np.where(random.random(len(p)) < 0.02, random.normal(0, 2, len(p)), 0)
    ),
}


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("name", HONEST)
def test_an_honest_variant_is_not_in_doubt(houses: Rows, name: str, seed: int) -> None:
    rows = HONEST[name](houses, np.random.default_rng(seed))
    kept = rows[:, ~np.isnan(rows).all(axis=0)]
    assert kept.shape[1] == len(COLUMNS)
    assert doubted(rows) == {}


def without_point(values: Rows) -> Rows:
    texts = [f"{value:.12g}".replace(".", "") for value in values.tolist()]
    return np.array([float(text) for text in texts])


def powers(power: int, names: str) -> list[tuple[str, Change, str]]:
    return [(name, lambda values: values * 10.0**power, "") for name in names.split()]


FEATURES = "CRIM ZN INDUS NOX RM AGE DIS RAD TAX PTRATIO B LSTAT MEDV"
FAULTS: list[tuple[str, Change, str]] = [
    *((name, without_point, "decimal point may be lost") for name in ("NOX", "RM", "DIS", "AGE")),
    *powers(3, FEATURES.replace(" MEDV", "")),
    *powers(1, "CRIM NOX RM TAX PTRATIO B LSTAT AGE"),
    *powers(-1, "NOX RM TAX PTRATIO"),
    *powers(-2, "ZN INDUS NOX RM AGE TAX PTRATIO B LSTAT MEDV"),
    *((name, lambda v: -v, "") for name in FEATURES.split()),
    *(
        (name, lambda v: (v - v.mean()) / v.std(), "standardised")
        for name in FEATURES.split()
        if name != "RAD"
    ),
    *(
        (name, lambda v: (v - v.min()) / (v.max() - v.min()), "scaled")
        for name in [
            "CRIM",
            "ZN",
            "INDUS",
            "NOX",
            "RM",
            "AGE",
            "DIS",
            "TAX",
            "PTRATIO",
            "B",
            "LSTAT",
            "MEDV",
        ]
    ),
    *(
        (name, np.log, "logarithms")
        for name in ["CRIM", "INDUS", "NOX", "RM", "AGE", "DIS", "B", "LSTAT", "MEDV"]
    ),
    ("LSTAT", np.log1p, "logarithms"),
    ("MEDV", lambda prices: np.log(prices * 1000), "logarithms"),
    ("MEDV", lambda prices: np.log(prices * 870.37), "logarithms"),
    ("MEDV", lambda prices: np.log(prices * 1000).round(6), "logarithms"),
    ("MEDV", lambda prices: np.log(prices).round(4), "logarithms"),
    ("MEDV", np.log1p, "logarithms"),
    ("MEDV", lambda prices: np.log(prices) / math.log(2), "logarithms"),
    ("MEDV", lambda prices: np.log(prices) / math.log(10), "logarithms"),
    ("MEDV", lambda prices: np.log(prices * 1000) / math.log(10), "logarithms"),
    ("MEDV", np.zeros_like, "no price"),
]


@pytest.mark.parametrize(("name", "change", "reason"), FAULTS)
def test_a_column_that_is_wrong_as_a_whole(
    houses: Rows, name: str, change: Change, reason: str
) -> None:
    rows = houses.copy()
    place = COLUMNS.index(name)
    there = ~np.isnan(rows[:, place])
    rows[there, place] = change(rows[there, place])
    found = doubted(rows)
    assert list(found) == [name]
    assert reason in found[name]


@pytest.mark.parametrize("share", [0.02, 0.3, 0.7])
@pytest.mark.parametrize("factor", [1000, 1 / 1000, 21_000])
@pytest.mark.parametrize("name", ["NOX", "RM", "DIS", "TAX", "PTRATIO", "MEDV"])
def test_two_units_in_a_column(houses: Rows, name: str, factor: float, share: float) -> None:
    rows = houses.copy()
    rows[np.random.default_rng(1).random(len(rows)) < share, COLUMNS.index(name)] *= factor
    assert list(doubted(rows)) == [name]


@pytest.mark.parametrize("share", [0.1, 0.3, 0.7])
@pytest.mark.parametrize("factor", [10, 1 / 10])
@pytest.mark.parametrize("name", ["CRIM", "ZN", "INDUS", "AGE", "DIS", "B", "LSTAT"])
def test_two_units_show_within_towns(houses: Rows, name: str, factor: float, share: float) -> None:
    rows = houses.copy()
    rows[np.random.default_rng(1).random(len(rows)) < share, COLUMNS.index(name)] *= factor
    assert list(doubted(rows)) == [name]


def test_a_part_of_the_towns_is_not_in_doubt(houses: Rows) -> None:
    random = np.random.default_rng(1)
    for size in random.integers(20, len(houses), 300).tolist():
        start = int(random.integers(len(houses) - size + 1))
        assert doubted(houses[start : start + size]) == {}
        assert doubted(random.choice(houses, size, replace=False)) == {}


def test_what_is_told_of_a_town(houses: Rows) -> None:
    rows = houses.copy()
    rows[np.random.default_rng(1).random(len(rows)) < 0.3, COLUMNS.index("INDUS")] *= 0.1
    found = doubted(rows)["INDUS"]
    assert found.startswith("differs by 8 times and more within ")
    assert " towns (rows of one RAD, TAX, PTRATIO), such as " in found


def test_one_price_in_dollars_is_found(houses: Rows) -> None:
    rows = houses.copy()
    rows[41, -1] *= 1000
    assert doubted(rows)["MEDV"] == (
        "has values up to 50 and others from 26600 on, 26600 in line 43:"
        " two units may be mixed; give all in one"
    )


@pytest.mark.parametrize("number", [-1, -9, -99, -999, -9999, 999, 9999, 99999])
@pytest.mark.parametrize("name", FEATURES.split())
def test_a_number_that_stands_for_missing(houses: Rows, name: str, number: float) -> None:
    rows = houses.copy()
    rows[::100, COLUMNS.index(name)] = number
    found = doubted(rows)
    assert list(found) == [name]
    assert found[name] == (
        f"has {number:g} in line 2, {number:g} in line 102, {number:g} in line 202 and 3 more,"
        f" which may stand for a missing value: write NA instead of {number:g}"
    )


@pytest.mark.parametrize("number", [99, 99999])
def test_a_price_that_comes_often_may_stand_for_missing(houses: Rows, number: float) -> None:
    rows = priced(houses, lambda prices: prices * (1000 if number > 1000 else 1))
    rows[::200, -1] = number
    assert "may stand for a missing value" in doubted(rows)["MEDV"]


@pytest.mark.parametrize("base", [np.log, np.log1p, np.log2, np.log10])
def test_twenty_logarithms_are_told_from_prices(houses: Rows, base: Change) -> None:
    for start in range(0, len(houses) - 20, 61):
        rows = priced(houses[start : start + 20], base)
        assert "logarithms" in doubted(rows)["MEDV"]


def test_99_is_a_value_where_others_go_on_to_100(houses: Rows) -> None:
    rows = houses.copy()
    rows[::100, COLUMNS.index("AGE")] = 99
    assert doubted(rows) == {}
    rows[::100, COLUMNS.index("LSTAT")] = 99
    assert list(doubted(rows)) == ["LSTAT"]


def write(folder: Path, **cells: str) -> Path:
    """Write the shipped file with other cells in line 5."""
    line = [cells.get(name, cell) for name, cell in zip(HEADER, LINES[3], strict=True)]
    lines = [HEADER, *LINES[:3], line, *LINES[4:]]
    path = folder / "houses.csv"
    path.write_text("".join(",".join(line) + "\n" for line in lines))
    return path


def test_a_file_is_refused_for_all_its_columns_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, RM="6998", TAX="-999", MEDV="0")
    with pytest.raises(DataError) as caught:
        load(path)
    assert str(caught.value) == (
        f"{path}: RM is an average number of rooms, 1 to 20, but 6998 in line 5;"
        " the decimal point may be lost, 6998 for 6.998: put it back;"
        " TAX has -999 in line 5, which may stand for a missing value: write NA instead of -999;"
        " MEDV has 0 in line 5, which is no price: write NA, or the price."
        " To train on it as it is: --accept RM,TAX,MEDV"
        " (of an experiment, accept: in its YAML)"
    )
    with pytest.raises(DataError, match=r": MEDV has 0 in line 5, .*--accept RM,TAX,MEDV "):
        load(path, accept=("RM", "TAX"))
    found = load(path, accept=("RM", "TAX", "MEDV", "B"))
    assert [each.split()[0] for each in found.accepted] == ["RM", "TAX", "MEDV"]
    assert found.warnings == tuple(f"accepted: {each}" for each in found.accepted)
    assert found.features["RM"][3] == 6998


def test_what_may_be_measured_so_is_a_warning(tmp_path: Path) -> None:
    found = load(write(tmp_path, AGE="101.5"))
    assert found.accepted == ()
    assert found.warnings == (
        "AGE is percent, 0 to 100, but 101.5 in line 5; taken for errors of measurement",
    )


def test_prices_may_be_small_in_a_unit_that_is_named(tmp_path: Path) -> None:
    path = tmp_path / "houses.csv"
    millions = [[*line[:-1], str(float(line[-1]) / 1000)] for line in LINES]
    path.write_text("".join(",".join(line) + "\n" for line in (HEADER, *millions)))
    with pytest.raises(DataError, match=r"MEDV has a median of 0\.0212"):
        load(path)
    assert load(path, target_unit="millions of USD").accepted == ()
