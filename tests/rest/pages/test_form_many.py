"""A file of houses that is dropped, in a real browser."""

import csv
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.conftest import ROOT
from tests.rest.pages.conftest import NO_PRICE, keep

pytestmark = pytest.mark.integration

# Drops a file on an element, as a hand does.
DROP = """(place, [name, text]) => {
  const data = new DataTransfer();
  data.items.add(new File([text], name));
  for (const kind of ["dragover", "drop"]) {
    const how = { dataTransfer: data, bubbles: true, cancelable: true };
    place.dispatchEvent(new DragEvent(kind, how));
  }
}"""


def drop(page: Page, text: str) -> None:
    page.goto("/")
    expect(page.locator("#price")).not_to_have_text(NO_PRICE)
    page.locator("#drop").evaluate(DROP, ["houses.csv", text])


def downloaded(page: Page) -> tuple[str, list[dict[str, str]]]:
    with page.expect_download() as found:
        page.get_by_role("link", name="Download with prices").press("Enter")
    with Path(found.value.path()).open(newline="", encoding="utf-8") as file:
        return found.value.suggested_filename, list(csv.DictReader(file))


def test_a_dropped_file_comes_back_priced(sure: Page, api: httpx.Client) -> None:
    text = "id;pt_ratio;Rm (rooms);CHAS;lower\n7;15.3;6.5;0;x\n8;;NA;3;x\n"
    text += '9;15;6,5;0;x\n"a;b";;12.5;;x\n1;2\n'
    drop(sure, text)
    expect(sure.locator("#many-text")).to_have_text(
        "2 of 5 houses are priced, 3 cannot be; the column “fault” says why; "
        "1 are unlike any known house (a p_value below 0.01)."
    )
    expect(sure.locator("#many-notes")).to_contain_text("Columns not used: id, lower.")
    expect(sure.locator("#many-notes")).to_contain_text("Filled in by the model in every row: CRIM")
    name, rows = downloaded(sure)
    assert name == "houses-priced.csv"
    added = ["prediction", "lower", "upper", "p_value", "fault"]
    assert list(rows[0]) == ["id", "pt_ratio", "Rm (rooms)", "CHAS", *added]
    wanted = api.post("/predict", json={"PTRATIO": 15.3, "RM": 6.5, "CHAS": 0}).json()
    first = rows[0]
    assert float(first["prediction"]) == wanted["prediction"]
    assert float(first["lower"]) == wanted["interval"]["lower"]
    assert float(first["upper"]) == wanted["interval"]["upper"]
    assert float(first["p_value"]) == wanted["applicability"]["p_value"]
    faults = [row["fault"] for row in rows]
    assert faults[0] == faults[3] == ""
    assert faults[1] == "CHAS is 3, but must be 0 or 1"
    assert faults[2].startswith("RM: “6,5” has a comma: write 6.5")
    assert faults[4].startswith("2 cells instead of 5")
    assert rows[3]["id"] == "a;b"
    keep(sure, "many")


def test_the_whole_data_is_priced_in_order(sure: Page, api: httpx.Client) -> None:
    sure.goto("/")
    expect(sure.locator("#price")).not_to_have_text(NO_PRICE)
    path = ROOT / "data/HousingData.csv"
    sure.get_by_label("Drop a CSV file here").set_input_files(path)
    expect(sure.locator("#many-text")).to_have_text("506 of 506 houses are priced.")
    expect(sure.locator("#many-rows tr")).to_have_count(20)
    _, rows = downloaded(sure)
    assert len(rows) == 506
    for place in (0, 199, 200, 505):
        cells = {name: rows[place][name] for name in list(rows[place])[:13]}
        house = {name: float(text) for name, text in cells.items() if text != "NA"}
        alone = api.post("/predict", json=house).json()
        assert float(rows[place]["prediction"]) == alone["prediction"]
    widths = sure.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert widths[0] <= widths[1]


def test_a_model_without_parts_leaves_their_columns_empty(old: Page) -> None:
    drop(old, "RM,LSTAT\n6.5,5\n")
    _, (row,) = downloaded(old)
    assert row["prediction"]
    assert row["lower"] == row["upper"] == row["p_value"] == ""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "This file is empty. Expected is a CSV file"),
        ("x,y\n1,2\n", "No column is a feature. Expected is a CSV file"),
        ("RM,LSTATT\n6.5,5\n", "did you mean LSTAT?"),
        ("RM,rm\n6.5,5\n", "The column RM is there 2 times"),
        ("RM\n", "has no row below"),
        ("PK\x03\x04\x00", "This file is no text in UTF-8"),
    ],
)
def test_what_is_wrong_with_a_file_is_told(page: Page, text: str, told: str) -> None:
    drop(page, text)
    expect(page.locator("#many-failure")).to_contain_text(told)
    expect(page.locator("#many-result")).to_be_hidden()
    # The next one is taken nonetheless.
    page.locator("#drop").evaluate(DROP, ["houses.csv", "RM\n6.5\n"])
    expect(page.locator("#many-text")).to_contain_text("1 of 1 houses")
    expect(page.locator("#many-failure")).to_be_hidden()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"RM\n{'9' * 1_000_000}x\n", "0 of 1 houses are priced, 1 cannot be"),
        (f"{'9' * 1_000_000}x,1\n2,3\n", "No column is a feature."),
        (f"RM{',x' * 500_000}\n6{',1' * 500_000}\n", "Columns not used: x, x, x"),
        (f"RM{',RM' * 500_000}\n6\n", "The column RM is there 500001 times: keep one."),
        ("RM,constructor\n6,1\n", "Columns not used: constructor."),
    ],
    ids=["digits in a cell", "digits in a name", "many columns", "one column often", "inherited"],
)
def test_a_file_that_is_made_to_hurt_is_read_in_one_pass(sure: Page, text: str, said: str) -> None:
    drop(sure, text)
    expect(sure.locator("#many")).to_contain_text(said)
