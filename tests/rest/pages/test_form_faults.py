"""What the form tells where there is no price, or one to be read with care, in a real browser."""

import hashlib
import re
from contextlib import suppress

import httpx
import pytest
from playwright.sync_api import Error, Page, Route, expect

from tests.conftest import ROOT
from tests.rest.answers import HOUSE
from tests.rest.pages.conftest import NO_PRICE, field, keep, predict, price

pytestmark = pytest.mark.integration

PREDICT = re.compile(r"/v1/predict(\?|$)")


def test_all_that_cannot_be_used_is_told_at_once(page: Page) -> None:
    page.goto("/")
    expect(page.locator("#price")).not_to_have_text(NO_PRICE)
    wrong = {
        "CRIM": ("1,000", "has a comma: write 1.000 or 1000"),
        "ZN": ("1,234,567.5", "has commas: write 1234567.5"),
        "NOX": ("0x10", "is not a number"),
        "RM": ("6,5", "has a comma: write 6.5"),
        "AGE": ("six", "is not a number"),
        "RAD": ("1.5", "must be a whole number"),
        "TAX": ("1e39", "is too large"),
        "B": ("6_5", "is not a number"),
    }
    for name, (text, _) in wrong.items():
        field(page, name).fill(text)
    predict(page)
    for name, (_, hint) in wrong.items():
        expect(field(page, name)).to_have_accessible_description(re.compile(re.escape(hint)))
        expect(field(page, name)).to_have_attribute("aria-invalid", "true")
    expect(field(page, "CRIM")).to_be_focused()
    expect(page.get_by_role("alert")).to_contain_text("see the fields")
    expect(page.locator("[aria-invalid]")).to_have_count(len(wrong))
    keep(page, "refusal")
    page.get_by_role("button", name="Example").click()
    expect(page.locator("[aria-invalid]")).to_have_count(0)
    page.get_by_role("button", name="Clear").click()
    predict(page)
    expect(page.get_by_role("alert")).to_contain_text("has no feature")


def test_what_the_server_alone_refuses_is_told_on_its_field(page: Page) -> None:
    def answer(route: Route) -> None:
        # The form is not to know every rule of a server to come.
        violation = {"field": "RM", "description": "is more than a house has"}
        detail = {"@type": "type.googleapis.com/google.rpc.BadRequest"}
        error = {"message": "no", "details": [{**detail, "field_violations": [violation]}]}
        route.fulfill(status=400, json={"error": error})

    page.goto("/")
    expect(page.locator("#price")).not_to_have_text(NO_PRICE)
    page.route(PREDICT, answer)
    predict(page)
    expect(field(page, "RM")).to_have_accessible_description(re.compile("is more than a house has"))
    expect(page.locator("#price")).to_have_text(NO_PRICE)


@pytest.mark.parametrize("change", ["type", "slide", "Example", "Clear"])
def test_no_price_stands_beside_fields_that_it_was_not_made_from(page: Page, change: str) -> None:
    page.goto("/")
    expect(page.locator("#price")).not_to_have_text(NO_PRICE)
    page.route(PREDICT, lambda _: None)  # No answer comes.
    if change == "type":
        field(page, "RM").press_sequentially("1")
    elif change == "slide":
        page.get_by_label("Slider of RM").press("ArrowRight")
    else:
        page.get_by_role("button", name=change).click()
    expect(page.locator("#price")).to_have_text(NO_PRICE)
    for name in ("#notes", "#origin"):
        expect(page.locator(name)).to_be_empty()
    expect(page.locator("#curve")).to_be_hidden()


def test_an_answer_to_other_fields_is_not_shown(page: Page, rest: httpx.Client) -> None:
    page.goto("/")
    expect(page.locator("#price")).not_to_have_text(NO_PRICE)
    held: list[Route] = []
    page.route(PREDICT, lambda route: held.extend([route]))
    with page.expect_request(PREDICT):
        predict(page)
    page.unroute(PREDICT)
    field(page, "RM").fill("5")
    expect(page.locator("#price")).to_have_text(price(rest, {**HOUSE, "RM": 5}))
    # The first answer comes last.
    for each in held:
        with suppress(Error):  # The page may have given it up.
            each.continue_()
    expect(page.locator("#price")).to_have_text(price(rest, {**HOUSE, "RM": 5}))
    expect(page.get_by_role("alert").first).to_be_hidden()


def test_another_model_brings_its_own_ranges(page: Page) -> None:
    def changed(route: Route) -> None:
        answer = route.fetch()
        info = {**answer.json(), "version": "7"}
        info["features"][5]["max"] = 9.5
        route.fulfill(json=info)

    page.goto("/")
    expect(page.locator("#price")).not_to_have_text(NO_PRICE)
    page.route("**/v1/model/info", changed)
    page.route(
        PREDICT,
        lambda route: route.fulfill(json={**route.fetch().json(), "model_version": "7"}),
    )
    predict(page)
    expect(page.locator("#origin")).to_contain_text("Model 7,")
    expect(page.locator("#model")).to_contain_text("version 7")
    expect(field(page, "RM")).to_have_accessible_description(re.compile("to 9.5"))
    expect(field(page, "RM")).to_have_value("6.575")


@pytest.mark.parametrize("key", ["\u201ck1\u201d", "k1\u200b", "cl\u00e9"])
def test_a_key_that_cannot_be_sent_is_no_server_that_is_away(page: Page, key: str) -> None:
    page.goto("/")
    expect(page.locator("#price")).not_to_have_text(NO_PRICE)
    page.locator("#access summary").click()
    page.locator("#key").fill(key)
    predict(page)
    expect(page.get_by_role("alert")).to_have_text(
        "The API key has characters that no key has: copy it anew."
    )
    expect(page.locator("#key")).to_be_focused()
    expect(page.locator("#price")).to_have_text(NO_PRICE)
    page.locator("#key").fill("")
    predict(page)
    expect(page.locator("#price")).not_to_have_text(NO_PRICE)


def test_a_device_without_a_network_says_so(page: Page, rest: httpx.Client) -> None:
    page.goto("/")
    expect(page.locator("#price")).not_to_have_text(NO_PRICE)
    page.context.set_offline(True)
    predict(page)
    expect(page.get_by_role("alert")).to_contain_text("This device is offline")
    expect(page.locator("#price")).to_have_text(NO_PRICE)
    page.context.set_offline(False)
    page.route(PREDICT, lambda route: route.abort())
    predict(page)
    expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached")
    page.unroute(PREDICT)
    page.route(PREDICT, lambda route: route.fulfill(status=502, body="<h1>Bad</h1>"))
    predict(page)
    expect(page.get_by_role("alert")).to_contain_text("Something else than the server has answered")
    page.unroute(PREDICT)
    predict(page)
    expect(page.locator("#price")).to_have_text(price(rest, HOUSE))


def test_what_the_data_card_warns_of_stands_with_the_price(page: Page, rest: httpx.Client) -> None:
    shipped = hashlib.sha256((ROOT / "data/HousingData.csv").read_bytes()).hexdigest()
    assert rest.get("/model/info").json()["data_digest"] == shipped
    page.goto("/")
    expect(page.locator("#price")).not_to_have_text(NO_PRICE)
    caveat = page.locator(".result #caveat")
    expect(caveat).to_contain_text("Not a valuation")
    expect(caveat).to_contain_text("Boston around 1970, with race among its inputs")
    # A model of other data has another story.
    page.route(
        "**/v1/model/info",
        lambda route: route.fulfill(json={**route.fetch().json(), "data_digest": "0" * 64}),
    )
    page.goto("/")
    expect(caveat).to_contain_text("as good as the data")
    expect(caveat).not_to_contain_text("Boston")
