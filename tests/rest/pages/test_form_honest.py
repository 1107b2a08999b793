"""How sure, how unusual and why, in the form, in a real browser."""

import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.conftest import ROOT
from tests.rest.answers import HOUSE
from tests.rest.pages.conftest import NO_PRICE, field, keep, price

pytestmark = pytest.mark.integration


def dollars(value: float) -> str:
    return f"${value * 1000:,.0f}"


def asked(api: httpx.Client, house: dict[str, float], level: float = 0.9) -> Any:
    return api.post(f"/predict?explain=true&level={level}", json=house).json()


def test_one_look_says_how_sure_how_unusual_and_why(sure: Page, api: httpx.Client) -> None:
    sure.goto("/")
    answer = asked(api, HOUSE)
    expect(sure.locator("#price")).to_have_text(dollars(answer["prediction"]))
    lower, upper = dollars(answer["interval"]["lower"]), dollars(answer["interval"]["upper"])
    expect(sure.locator("#sure")).to_have_text(
        f"9 of 10 houses like the known ones sell between {lower} and {upper}."
    )
    expect(sure.locator("#interval .span")).to_be_visible()
    expect(sure.locator("#unusual")).to_contain_text("Like the known houses: 100 of 100")
    expect(sure.locator("#parts")).to_be_empty()
    parts = answer["explanation"]["contributions"]
    amounts = sorted((each["amount"] for each in parts), key=abs, reverse=True)
    shown = sure.locator("#waterfall .amount").all_inner_texts()
    assert shown[0] == dollars(answer["explanation"]["base"])
    assert shown[-1] == dollars(answer["prediction"])
    found = [float(re.sub(r"[^-\d]", "", text)) for text in shown[1:-1]]
    assert found == pytest.approx([amount * 1000 for amount in amounts], abs=0.51)
    expect(sure.locator("#why .caveat")).to_contain_text("nothing about what anyone is worth")
    keep(sure, "honest")


def test_what_was_filled_in_is_marked_where_it_adds(sure: Page) -> None:
    sure.goto("/")
    expect(sure.locator("#price")).not_to_have_text(NO_PRICE)
    field(sure, "TAX").fill("")
    expect(sure.locator("#waterfall .mark")).to_have_count(1)
    expect(sure.locator("#waterfall tr", has=sure.locator(".mark"))).to_contain_text("(TAX)")


def test_a_house_unlike_any_is_no_promise(sure: Page) -> None:
    sure.goto("/")
    expect(sure.locator("#price")).not_to_have_text(NO_PRICE)
    field(sure, "RM").fill("12.5")
    expect(sure.locator("#sure")).to_contain_text("that is no promise")
    expect(sure.locator("#unusual")).to_contain_text("Unlike any known house, above all in")
    expect(sure.locator("#unusual")).to_contain_text("rooms of a dwelling (RM)")
    keep(sure, "unlike")


def test_the_level_of_the_interval_can_be_chosen(sure: Page, api: httpx.Client) -> None:
    sure.goto("/")
    expect(sure.locator("#price")).not_to_have_text(NO_PRICE)
    sure.get_by_label("The interval is to hold for").select_option("95 of 100")
    upper = dollars(asked(api, HOUSE, 0.95)["interval"]["upper"])
    expect(sure.locator("#sure")).to_contain_text(re.compile(f"^95 of 100 .*{re.escape(upper)}"))


def test_a_slider_alone_updates_all_of_it_with_the_keyboard(sure: Page, api: httpx.Client) -> None:
    sure.goto("/")
    expect(sure.locator("#price")).not_to_have_text(NO_PRICE)
    slider = sure.get_by_label("Slider of RM")
    field(sure, "RM").focus()
    sure.keyboard.press("Tab")
    expect(slider).to_be_focused()
    sure.keyboard.press("End")
    expect(field(sure, "RM")).to_have_value("8.78")
    answer = asked(api, {**HOUSE, "RM": 8.78})
    expect(sure.locator("#price")).to_have_text(dollars(answer["prediction"]))
    expect(sure.locator("#sure")).to_contain_text(dollars(answer["interval"]["upper"]))
    expect(sure.locator("#waterfall tr").last).to_contain_text(dollars(answer["prediction"]))
    expect(sure.locator("#curve .own")).to_have_count(1)
    # And a field moves its slider.
    field(sure, "RM").fill("5")
    expect(slider).to_have_value("5")


def test_a_model_without_parts_shows_the_price_alone(old: Page, bare: httpx.Client) -> None:
    old.goto("/")
    expect(old.locator("#price")).to_have_text(price(bare, HOUSE))
    expect(old.locator("#parts")).to_contain_text("The price stands alone")
    for name in ("#interval", "#why", "#levels"):
        expect(old.locator(name)).to_be_hidden()
    for name in ("#sure", "#unusual"):
        expect(old.locator(name)).to_be_empty()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_readable_and_whole_in_either_light(sure: Page, scheme: str) -> None:
    sure.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    sure.goto("/")
    field(sure, "RM").fill("12.5")
    field(sure, "TAX").fill("")
    expect(sure.locator("#waterfall .mark")).to_have_count(1)
    expect(sure.locator("#unusual")).to_contain_text("Unlike")
    expect(sure.locator("#curve-text")).not_to_be_empty()
    assert sure.evaluate((ROOT / "tests/rest/contrast.js").read_text()) == []
    widths = sure.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert widths[0] <= widths[1]
    keep(sure, f"honest-{scheme}")
