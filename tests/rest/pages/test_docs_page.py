"""The description of the API in a real browser."""

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.rest.answers import HOUSE
from tests.rest.pages.conftest import keep

pytestmark = pytest.mark.integration

PREDICT = "#operations-PredictionService-PredictionService_Predict"


def test_try_it_out_gives_a_price(page: Page, rest: httpx.Client) -> None:
    page.goto("/docs")
    block = page.locator("#operations-PredictionService-PredictionService_Predict")
    block.locator(".opblock-summary-control").click()
    keep(page, "docs")
    block.get_by_role("button", name="Try it out").click()
    block.get_by_role("button", name="Execute").click()
    answer = block.locator(".live-responses-table .highlight-code").first
    expect(answer).to_contain_text('"prediction": ')
    wanted = rest.post("/predict", json=HOUSE).json()["prediction"]
    assert f'"prediction": {wanted}' in answer.inner_text()
    expect(block.locator(".live-responses-table tbody .response-col_status").first).to_contain_text(
        "200"
    )
    keep(page, "try-it-out")


def test_nothing_is_cut_off_with_a_call_open(page: Page) -> None:
    page.goto("/docs")
    block = page.locator(PREDICT)
    block.locator(".opblock-summary-control").click()
    expect(block.locator(".responses-table")).to_be_visible()
    widths = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert widths[0] <= widths[1]
    # Words have room: no text is a column of single letters.
    for text in page.locator(".opblock-tag small, .response-col_description__inner").all():
        assert text.evaluate("each => each.getBoundingClientRect().width") > 200


def test_each_route_is_there_once(page: Page, rest: httpx.Client) -> None:
    page.goto("/docs")
    expect(page.locator(".opblock").first).to_be_visible()
    shown = page.locator(".opblock-summary-path").evaluate_all(
        "all => all.map((each) => each.dataset.path)"
    )
    assert sorted(shown) == sorted(rest.get("/openapi.json").json()["paths"])
    assert len({each.removeprefix("/v1") for each in shown}) == len(shown)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_dark_where_the_device_is(page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto("/docs")
    expect(page.locator(".opblock").first).to_be_visible()
    ink = page.locator(".opblock-tag").first.evaluate(
        "each => getComputedStyle(each).color.match(/[0-9.]+/g).slice(0, 3)"
    )
    assert (min(map(float, ink)) > 128) == (scheme == "dark")
    keep(page, f"docs-{scheme}")
