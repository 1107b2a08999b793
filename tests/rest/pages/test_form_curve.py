"""The price over one feature, in a real browser."""

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from tests.rest.answers import HOUSE
from tests.rest.pages.conftest import NO_PRICE, field, keep

pytestmark = pytest.mark.integration


def test_the_curve_is_that_of_a_batch_with_doubtful_points_marked(
    sure: Page, api: httpx.Client
) -> None:
    sure.goto("/")
    expect(sure.locator("#curve-text")).to_contain_text("(RM) alone changed")
    rows = sure.locator("#curve-rows tr")
    values = [float(text) for text in rows.locator("td:first-child").all_text_contents()]
    assert (values[0], values[-1]) == (3.561, 8.78)
    assert HOUSE["RM"] in values
    items = [{**HOUSE, "RM": value} for value in values]
    results = api.post("/predict/batch", json={"items": items}).json()["results"]
    prices = [f"${each['prediction'] * 1000:,.0f}" for each in results]
    shown = rows.locator("td:nth-child(2)").all_text_contents()
    assert shown[0] == prices[0]
    assert shown[-1] == prices[-1]
    off = sum(each["applicability"]["p_value"] < 0.01 for each in results)
    assert off > 0
    expect(sure.locator("#curve .off")).to_have_count(off)
    expect(sure.locator("#curve .own")).to_have_count(1)
    expect(sure.locator("#curve .band")).to_have_count(1)
    keep(sure, "curve")


def test_another_feature_is_chosen_and_the_numbers_are_read_by_keyboard(sure: Page) -> None:
    sure.goto("/")
    expect(sure.locator("#curve-text")).to_contain_text("(RM)")
    sure.get_by_label("The price over").select_option("CHAS")
    expect(sure.locator("#curve-text")).to_contain_text("(CHAS) alone changed")
    expect(sure.locator("#curve-rows tr")).to_have_count(2)
    sure.locator("#whatif summary").press("Enter")
    expect(sure.locator("#curve-rows tr").first).to_contain_text("this house")
    sure.get_by_label("The price over").select_option("RAD")
    expect(sure.locator("#curve-rows tr")).to_have_count(24)


def test_a_model_without_intervals_has_a_curve_without_a_band(old: Page) -> None:
    old.goto("/")
    expect(old.locator("#curve-text")).to_contain_text("(RM) alone changed")
    assert old.locator("#curve .band").get_attribute("points") == ""


def test_a_curve_that_cannot_be_had_costs_no_price(page: Page) -> None:
    def refuse(route: Route) -> None:
        route.fulfill(status=413, json={"error": {"message": "too many", "details": []}})

    page.route("**/v1/predict/batch", refuse)
    page.goto("/")
    expect(page.locator("#curve-text")).to_have_text("There is no curve: too many")
    expect(page.locator("#price")).not_to_have_text(NO_PRICE)
    page.unroute("**/v1/predict/batch")
    field(page, "RM").fill("6")
    expect(page.locator("#curve-text")).to_contain_text("alone changed")
