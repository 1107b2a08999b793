"""The form reads files of houses as all other readers do."""

from typing import Any

import httpx
import numpy as np
import pytest
from playwright.sync_api import Page

from housing_grpc.bundle.schema import FEATURE_NAMES
from tests.tables.test_one_set_of_rules import FILES, REFUSED, expected

pytestmark = pytest.mark.integration

# What the page makes of texts: rows and notes of each, or what is wrong with it.
READ = """async ([texts, features]) => {
  const { houseOf, readTable } = await import("/static/csv.js");
  return texts.map((text) => {
    try {
      const table = readTable(text, features);
      return { rows: table.rows.map((cells) => houseOf(cells, table, features)), notes: table.notes };
    } catch (error) {
      return { fault: error.message };
    }
  });
}"""  # noqa: E501 - JavaScript
FAULTS = {
    "twice": "The column RM is there 2 times: keep one.",
    "misspelt": (
        "The column “pratio” is no feature (did you mean PTRATIO?): rename it, or take it out. "
        "The column “lstatt” is no feature (did you mean LSTAT?): rename it, or take it out."
    ),
    "empty": "This file is empty.",
    "an open quote": "No column is a feature.",
    "bars": "No column is a feature.",
    "JSON": "This file is JSON",
    "JSON, over lines": "This file is JSON",
    "NDJSON": "This file is JSON",
    "ARFF": "This file is ARFF",
    "a page": "This file is a web page",
    "a pointer": "This file is a pointer of Git LFS",
}


def read(page: Page, api: httpx.Client, *texts: str) -> Any:
    page.goto("/")
    return page.evaluate(READ, [texts, api.get("/model/info").json()["features"]])


def test_tables_are_read_by_the_rules_of_all(sure: Page, api: httpx.Client) -> None:
    tables = read(sure, api, *(text for text, _ in FILES.values()))
    for name, found in zip(FILES, tables, strict=True):
        rows = [[row.get(each, np.nan) for each in FEATURE_NAMES] for row in found["rows"]]
        np.testing.assert_array_equal(rows, expected(), err_msg=name)


def test_what_no_reader_takes_is_refused(sure: Page, api: httpx.Client) -> None:
    tables = read(sure, api, *(text for text, _ in REFUSED.values()))
    told = {name: found["fault"] for name, found in zip(REFUSED, tables, strict=True)}
    assert told.keys() == FAULTS.keys()
    for name, fault in told.items():
        assert fault.startswith(FAULTS[name])


def test_what_was_made_of_a_table_is_said(sure: Page, api: httpx.Client) -> None:
    (found,) = read(sure, api, "# a\n# b\nrm,black,town\n6.5,390,Nahant\n,,\n")
    assert found["rows"] == [{"RM": 6.5, "B": 390}]
    skipped, renamed, filled, unused, empty = found["notes"]
    assert skipped == "Lines skipped above the names of the columns: 2."
    assert renamed == "Columns renamed: black to B."
    assert filled.startswith("Filled in by the model in every row: CRIM, ZN")
    assert unused == "Columns not used: town."
    assert empty == "Rows left out because none of their cells has a value: 1."
