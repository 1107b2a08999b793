"""Twenty kinds of bad row and more: each has its own reason, and costs itself alone."""

import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from grpc import StatusCode

from clients.python import HousingClient, Prediction, RowError

GOOD = {"RM": 6.0, "LSTAT": 5.0}

# What is wrong, its reason, and what the message says of it.
BAD: list[tuple[Any, str, str]] = [
    ({"RM": math.nan}, "FEATURE_NOT_FINITE", "RM is not finite"),
    ({"RM": math.inf}, "FEATURE_NOT_FINITE", "RM is not finite"),
    ({"RM": -math.inf}, "FEATURE_NOT_FINITE", "RM is not finite"),
    ({"RM": 1e39}, "FEATURE_NOT_FINITE", "RM is 1e+39"),
    ({"RM": 10**400}, "FEATURE_NOT_FINITE", "RM is too large"),
    ({"CHAS": 0.5}, "FEATURE_DOMAIN", "CHAS is 0.5, but must be 0 or 1"),
    ({"CHAS": 2}, "FEATURE_DOMAIN", "CHAS is 2, but must be 0 or 1"),
    ({"CHAS": -1}, "FEATURE_DOMAIN", "CHAS is -1, but must be 0 or 1"),
    ({"RAD": 1.5}, "FEATURE_DOMAIN", "RAD is 1.5, but must be a whole number"),
    ({"CHAS": 3, "RAD": 0.25}, "FEATURE_DOMAIN", "CHAS is 3"),
    ({}, "NO_FEATURES", "has no feature"),
    ({"RM": None}, "NO_FEATURES", "has no feature"),
    ({**GOOD, "LSTATT": 3}, "UNKNOWN_FEATURE", "LSTATT is no feature"),
    ({**GOOD, 7: 3}, "UNKNOWN_FEATURE", "7 is no feature"),
    ({**GOOD, "rm": 6}, "DUPLICATE_FEATURE", "RM is given twice"),
    ({"RM": "6.5"}, "NOT_A_NUMBER", "RM is '6.5'"),
    ({"RM": True}, "NOT_A_NUMBER", "RM is True"),
    ({"RM": np.bool_(True)}, "NOT_A_NUMBER", "RM is"),
    ({"RM": [6.5]}, "NOT_A_NUMBER", "RM is [6.5]"),
    ({"RM": {"value": 6}}, "NOT_A_NUMBER", "RM is {'value': 6}"),
    ({"RM": 6j}, "NOT_A_NUMBER", "RM is 6j"),
    ({"RM": Decimal("NaN")}, "FEATURE_NOT_FINITE", "RM is not finite"),
    (None, "NOT_A_HOUSE", "is None"),
    (6.5, "NOT_A_HOUSE", "is 6.5"),
    ([6.5, 5.0], "NOT_A_HOUSE", "is [6.5, 5.0]"),
    ("RM=6.5", "NOT_A_HOUSE", "is 'RM=6.5'"),
]


def check(found: list[Any], bad: list[tuple[Any, str, str]], good_price: float) -> None:
    """Every odd result is a bad row's, the others are good ones."""
    assert len(found) == 2 * len(bad) + 1
    for place, result in enumerate(found):
        if place % 2 == 0:
            assert isinstance(result, Prediction)
            assert result.price == good_price
            continue
        _, reason, text = bad[place // 2]
        assert isinstance(result, RowError), text
        assert (result.row, result.code) == (place, StatusCode.INVALID_ARGUMENT)
        assert result.reason == reason, result.message
        assert text in result.message
        assert result.message.startswith(text)
        assert "items[" not in result.message + str(result.violations)


@pytest.mark.parametrize("form", ["matrix", "rows"])
def test_each_bad_row_has_its_own_reason(client: HousingClient, form: Any) -> None:
    houses: list[Any] = [GOOD]
    for house, _, _ in BAD:
        houses += [house, GOOD]
    price = client.predict(GOOD).price
    # Chunks that are smaller than the job: the numbers are those of the job.
    check(list(client.score(houses, form=form, chunk_rows=7, progress=False)), BAD, price)
    check(list(client.predict_batch(houses)), BAD, price)


CSV_BAD = [
    ("abc,5", "NOT_A_NUMBER", "RM is 'abc'"),
    ("6_5,5", "NOT_A_NUMBER", "RM is '6_5'"),
    ("6,inf", "FEATURE_NOT_FINITE", "LSTAT is not finite"),
    ("6,1e400", "FEATURE_NOT_FINITE", "LSTAT is not finite"),
    ("NA,", "NO_FEATURES", "has no feature"),
    ("6", "WRONG_WIDTH", "has 1 cells where the header has 2"),
    ("6,5,4", "WRONG_WIDTH", "has 3 cells where the header has 2"),
    ("6,five", "NOT_A_NUMBER", "LSTAT is 'five'"),
    ("\udcff,5", "NOT_A_NUMBER", "RM is"),
    ("\u0663,5", "NOT_A_NUMBER", "RM is '\u0663'"),
    ("6" * (1 << 20) + ",5", "MALFORMED_ROW", "is longer than 1,048,576 characters"),
]

JSON_BAD = [
    ("{", "JSON_MALFORMED", "the house is not JSON: Expecting property name"),
    ("[1]", "JSON_WRONG_TYPE", "house is a list; send an object"),
    ('{"RM": NaN}', "JSON_NOT_FINITE", "RM is NaN; send a finite number, or leave it out"),
    ('{"RM": 1e400}', "JSON_NOT_FINITE", "RM is too large; send a finite number"),
    ('{"RM": 6, "RM": 7}', "JSON_DUPLICATE_KEY", "RM is there twice; send it once"),
    ('{"RM": 6, "rm": 7}', "JSON_DUPLICATE_KEY", "rm is there twice; send it once"),
    ('{"RM": "6"}', "JSON_WRONG_TYPE", "RM is a text; send a number without quotes"),
    ('{"RM": false}', "JSON_WRONG_TYPE", "RM is false; send a number"),
    ('{"RM": [], "B": {}}', "JSON_WRONG_TYPE", "RM is a list; send a number; B is an object; send"),
    ('{"RMM": 6}', "JSON_UNKNOWN_FIELD", 'RMM is not a field here; did you mean "RM"?'),
    ('{"RM": ' + "[" * 100_000, "JSON_TOO_DEEP", "the JSON is nested too deeply"),
    ("null", "JSON_WRONG_TYPE", "house is null; send an object"),
    ('{"RM": ' + "9" * 5000 + "}", "JSON_NOT_FINITE", "RM is too large"),
    ('{"RM": 6 "LSTAT": 5}', "JSON_MALFORMED", "the house is not JSON: Expecting ',' delimiter"),
    ('{"' + "x" * 100_000 + '": 5}', "JSON_UNKNOWN_FIELD", "xxx"),
    (f'{{"RM": 6,{" " * (1 << 21)}"LSTAT": 5}}', "MALFORMED_ROW", "is longer than 1,048,576 char"),
]


@pytest.mark.parametrize("form", ["matrix", "rows"])
@pytest.mark.parametrize(
    ("name", "lines", "bad"),
    [
        ("houses.csv", ("RM,LSTAT\n", "6,5"), CSV_BAD),
        ("houses.ndjson", ("", '{"RM": 6, "LSTAT": 5}'), JSON_BAD),
    ],
)
def test_bad_lines_of_a_file(
    client: HousingClient, tmp_path: Path, name: str, lines: tuple[str, str], bad: Any, *, form: Any
) -> None:
    path = tmp_path / name
    head, good = lines
    text = [good, *(line for wrong, _, _ in bad for line in (wrong, good))]
    path.write_text(head + "\n".join(text), encoding="utf-8", errors="surrogateescape")
    found = list(client.score(path, form=form, chunk_rows=4, progress=False))
    check(found, bad, client.predict(GOOD).price)


@pytest.mark.parametrize("form", ["matrix", "rows"])
def test_bad_cells_of_a_table(client: HousingClient, tmp_path: Path, form: Any) -> None:
    frame = pd.DataFrame({"RM": [6, "six", 6, None, 6], "LSTAT": [5.0] * 5}, dtype=object)
    bad = [(None, "NOT_A_NUMBER", "RM is 'six'")]
    found = list(client.score(frame, form=form, progress=False))
    check(found[:3], bad, client.predict(GOOD).price)
    assert isinstance(found[3], Prediction)
    text = frame.map(lambda cell: None if cell is None else str(cell))
    text.to_parquet(tmp_path / "text.parquet")
    results = list(client.score(tmp_path / "text.parquet", form=form, progress=False))
    assert isinstance(results[1], RowError)
    assert "RM is 'six'" in results[1].message
