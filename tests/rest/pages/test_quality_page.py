"""The page on how good prices were, in a real browser."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import ROOT
from tests.rest.conftest import Start
from tests.rest.pages.conftest import SIZES, keep, opened
from tests.rest.pages.test_narrow import WIDER
from tests.support.examples import Example
from tests.support.outcomes import KEY, receipt, sealed
from tests.support.serving import housing_server

pytestmark = pytest.mark.integration

HOUSES = [{"RM": 5 + number / 40, "LSTAT": 10} for number in range(60)]


@pytest.fixture
def proxy(start: Start, stack: ExitStack, honest: Example, tmp_path: Path) -> httpx.Client:
    """A proxy to a server that keeps outcomes, and has none yet."""
    keys = tmp_path / "receipt.keys"
    keys.write_text(KEY.hex() + "\n")
    url = f"sqlite:///{tmp_path / 'feedback.db'}"
    server = housing_server(
        stack, honest.folder, feedback_url=url, receipt_keys_file=str(keys), api_key="k1"
    )
    client = start(f"127.0.0.1:{server.port}")
    client.headers["x-api-key"] = "k1"
    return client


def sold(proxy: httpx.Client, items: list[dict[str, Any]]) -> None:
    answer = proxy.post("/v1/feedback", json={"items": items})
    assert answer.status_code == 200, answer.text
    assert {each.get("recorded") for each in answer.json()["results"]} == {"RECORDED_NEW"}


def record(proxy: httpx.Client) -> Any:
    """Records that houses sold for 3 less than the live model said, and 2 more than version 3."""
    asked = {"items": HOUSES, "receipt": True}
    prices = proxy.post("/v1/predict/batch", json=asked).json()["results"]
    sold(proxy, [{"receipt": p["receipt"], "actual": p["prediction"] - 3} for p in prices])
    sold(proxy, [{"receipt": sealed(receipt(20.0)), "actual": 22.0} for _ in range(3)])
    sold(proxy, [{"receipt": sealed(receipt(20.0)), "actual": 40.0} for _ in range(20)])
    return proxy.get("/v1/quality").json()["models"]


@pytest.fixture(params=SIZES)
def page(browser: Browser, proxy: httpx.Client, request: pytest.FixtureRequest) -> Iterator[Page]:
    for found in opened(browser, str(proxy.base_url), SIZES[request.param]):
        found.goto("/quality")
        expect(found.get_by_role("alert")).to_have_text("The server asks for an API key.")
        expect(found.locator("#key")).to_be_focused()
        found.keyboard.type("k1")
        yield found


def test_what_was_expected_stands_beside_what_came_out(page: Page, proxy: httpx.Client) -> None:
    live, older = record(proxy)
    page.keyboard.press("Enter")
    expect(page.locator("#told")).to_have_text("83 outcomes of 2 models")
    expect(page.get_by_role("alert")).to_be_hidden()
    errors = page.locator("#error-rows tr")
    trained = live["rmse"] / live["skill"]
    expect(errors.nth(0)).to_contain_text(f"Version {live['model_version']}, live: RMSE")
    expect(errors.nth(0)).to_contain_text(f"$3,000; training measured ${trained * 1000:,.0f}")
    expect(errors.nth(1)).to_contain_text(f"expected ${live['expected_mae'] * 1000:,.0f}")
    expect(errors.nth(2)).to_contain_text("Version 3: RMSE")
    expect(errors.nth(2)).not_to_contain_text("training")
    # Of the picture: a bar, and a line where something was expected.
    expect(errors.nth(0).locator("svg > *")).to_have_count(2)
    expect(errors.nth(2).locator("svg > *")).to_have_count(1)
    wide = [errors.nth(row).locator("rect").bounding_box() for row in (0, 2)]
    assert wide[0]
    assert wide[1]
    assert wide[0]["width"] / wide[1]["width"] == pytest.approx(
        live["rmse"] / older["rmse"], rel=0.02
    )
    keep(page, "quality")


def test_coverage_and_the_detector(page: Page, proxy: httpx.Client) -> None:
    live, older = record(proxy)
    page.keyboard.press("Enter")
    coverage, detector = page.locator("#coverage-rows tr"), page.locator("#detector-rows tr")
    shown = f"{100 * live['interval']['ratio']:.1f} % of 60; between "
    expect(coverage.nth(0)).to_contain_text(shown)
    expect(coverage.nth(1)).to_contain_text("13.0 % of 23; between")
    expect(coverage.nth(1)).to_have_class("bad")
    assert older["interval"]["alarm"]
    expect(detector.nth(1)).to_contain_text("Alarm: intervals hold fewer than 90 %")
    expect(detector.nth(1)).to_have_class("bad")
    expect(detector.nth(0)).to_contain_text("no alarm")
    # What holds too little ends to the left of the promise.
    bar = coverage.nth(1).locator("rect").bounding_box()
    promise = coverage.nth(1).locator("line").bounding_box()
    assert bar
    assert promise
    assert bar["x"] + bar["width"] < promise["x"]


def test_all_of_it_is_there_in_numbers(page: Page, proxy: httpx.Client) -> None:
    live, _ = record(proxy)
    page.keyboard.press("Enter")
    rows = page.locator("#number-rows tr")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text(live["bundle_digest"])
    expect(rows.nth(0)).to_contain_text("+$3,000")
    # Training's figures of a model that was not live here are not known.
    expect(rows.nth(1).locator("td").nth(5)).to_have_text("\N{EN DASH}")
    heads = page.locator("#numbers thead th").count()
    assert rows.nth(0).locator("td").count() == heads


def test_without_an_outcome_the_page_says_so(page: Page) -> None:
    page.keyboard.press("Enter")
    expect(page.locator("#told")).to_have_text("No outcome has been recorded yet.")
    expect(page.locator("#errors")).to_be_hidden()
    expect(page.locator("#coverage")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_read(page: Page, proxy: httpx.Client, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    record(proxy)
    page.keyboard.press("Enter")
    expect(page.locator("#detector-rows .bad")).to_have_count(1)
    assert page.evaluate((ROOT / "tests/rest/contrast.js").read_text()) == []
    for control in page.locator("input:visible, button:visible").all():
        expect(control).to_have_accessible_name(re.compile(r"\w"))
    keep(page, f"quality-{scheme}")


@pytest.mark.parametrize("width", [240, 320])
def test_nothing_is_wider_than_the_narrowest_screens(
    page: Page, proxy: httpx.Client, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 653})
    record(proxy)
    page.keyboard.press("Enter")
    expect(page.locator("#number-rows tr")).to_have_count(2)
    assert page.evaluate(WIDER) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    keep(page, f"quality-narrow-{width}")


def test_a_server_that_keeps_no_outcomes_says_how_to_turn_that_on(
    browser: Browser, rest: httpx.Client
) -> None:
    for page in opened(browser, str(rest.base_url), SIZES["desktop"]):
        page.goto("/")
        page.get_by_role("link", name="How good were the prices?").click()
        expect(page.get_by_role("heading", name="This server keeps no outcomes")).to_be_visible()
        expect(page.locator("#off")).to_contain_text("FEEDBACK_URL")
        expect(page.get_by_role("alert")).to_be_hidden()
        expect(page.locator("#errors")).to_be_hidden()
        keep(page, "quality-off")
