"""The form in a real browser."""

import re
from contextlib import ExitStack

import grpc
import httpx
import pytest
from grpc_status import rpc_status
from playwright.sync_api import Browser, Page, expect

from tests.conftest import ROOT
from tests.rest.answers import HOUSE
from tests.rest.conftest import Start
from tests.rest.pages.conftest import NO_PRICE, SIZES, field, keep, opened, predict, price
from tests.rest.scripted import Scripted
from tests.support.client import refusal
from tests.support.examples import Example
from tests.support.serving import housing_server

pytestmark = pytest.mark.integration


def test_the_example_is_priced_at_once(page: Page, rest: httpx.Client) -> None:
    page.goto("/")
    expect(page.locator("#price")).to_have_text(price(rest, HOUSE))
    for name, value in HOUSE.items():
        expect(field(page, name)).to_have_value(f"{value:g}")
    # Words come before codes.
    expect(field(page, "RM")).to_have_accessible_name(
        "Average number of rooms of a dwelling RM rooms"
    )
    rooms = page.locator(".field", has=field(page, "RM"))
    expect(rooms.locator(".range")).to_have_text("trained on 3.561 to 8.78")
    expect(page.locator("#model")).to_have_text(
        re.compile(r"^Linear regression, version \w+ \(linear with v1_median\)$")
    )
    keep(page, "form")


def test_a_warning_is_on_the_field_that_it_is_about(page: Page, rest: httpx.Client) -> None:
    page.goto("/")
    expect(page.locator("#price")).not_to_have_text(NO_PRICE)
    rooms = field(page, "RM")
    rooms.fill("12.5")
    field(page, "TAX").fill("")
    predict(page)
    house = {name: value for name, value in HOUSE.items() if name != "TAX"}
    expect(page.locator("#price")).to_have_text(price(rest, {**house, "RM": 12.5}))
    expect(rooms).to_have_accessible_description(re.compile("^outside 3.561 to 8.78"))
    expect(page.locator(".warned")).to_have_count(1)
    expect(page.locator(".filled .name")).to_have_text("TAX")
    expect(page.locator("#notes")).to_contain_text("rooms of a dwelling (RM)")
    keep(page, "warning")


def test_it_can_be_used_with_the_keyboard_alone(page: Page, rest: httpx.Client) -> None:
    page.goto("/")
    expect(page.locator("#price")).not_to_have_text(NO_PRICE)
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "feature-RM":
            break
    page.keyboard.press("Control+A")
    page.keyboard.type("5")
    page.keyboard.press("Enter")
    expect(page.locator("#price")).to_have_text(price(rest, {**HOUSE, "RM": 5}))


def test_every_control_has_a_name_and_nothing_is_cut_off(page: Page) -> None:
    page.goto("/")
    expect(page.locator("#price")).not_to_have_text(NO_PRICE)
    controls = page.locator("input:visible, select:visible, button:visible")
    assert controls.count() >= 16
    for control in controls.all():
        expect(control).to_have_accessible_name(re.compile(r"\w"))
    widths = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert widths[0] <= widths[1]
    names = page.evaluate("[...document.querySelectorAll('[id]')].map((each) => each.id)")
    assert len(names) == len(set(names))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_stand_out_from_what_is_behind_them(page: Page, scheme: str) -> None:
    """WCAG AA: 4.5 to 1, for every text there is, with a warning and a refusal shown."""
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto("/")
    expect(page.locator("#price")).not_to_have_text(NO_PRICE)
    field(page, "RM").fill("12.5")
    predict(page)
    expect(page.locator(".warned")).to_have_count(1)
    script = (ROOT / "tests/rest/contrast.js").read_text()
    assert page.evaluate(script) == []
    field(page, "RAD").fill("1.5")
    predict(page)
    expect(page.locator(".wrong")).to_have_count(1)
    assert page.evaluate(script) == []
    keep(page, f"contrast-{scheme}")


@pytest.fixture
def keyed(linear: Example, start: Start, stack: ExitStack) -> str:
    """The address of a proxy to a server that asks for a key, "k1"."""
    server = housing_server(stack, linear.folder, api_key="k1")
    return str(start(f"127.0.0.1:{server.port}").base_url)


def test_a_key_can_be_entered_when_one_is_asked_for(browser: Browser, keyed: str) -> None:
    for page in opened(browser, keyed, SIZES["desktop"]):
        page.goto("/")
        expect(page.get_by_role("alert")).to_have_text("The server asks for an API key.")
        expect(page.locator("#key")).to_be_focused()
        keep(page, "key")
        page.keyboard.type("wrong")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_have_text("The server does not know this API key.")
        page.locator("#key").fill("k1")
        predict(page)
        expect(page.locator("#price")).not_to_have_text(NO_PRICE)
        expect(page.get_by_role("alert")).to_be_hidden()


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (grpc.StatusCode.PERMISSION_DENIED, "This is not allowed: not for you."),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "not for you (in 3 s)"),
    ],
)
def test_a_refusal_is_told_in_words(
    browser: Browser, scripted: Scripted, start: Start, code: grpc.StatusCode, text: str
) -> None:
    def answer(_data: bytes, context: grpc.ServicerContext) -> bytes:
        status = refusal(code, "SOME_REASON", "not for you", retry_seconds=3)
        context.abort_with_status(rpc_status.to_status(status))

    scripted.answer = answer
    for page in opened(browser, str(start(scripted.target).base_url), SIZES["desktop"]):
        page.goto("/")
        expect(page.get_by_role("alert")).to_have_text(text)
