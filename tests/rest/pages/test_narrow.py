"""The pages on the narrowest screens: a folded phone, or a page that is enlarged fourfold."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.rest.pages.conftest import NO_PRICE, keep, opened

pytestmark = pytest.mark.integration

WIDER = """[...document.querySelectorAll("body *")].filter((each) =>
  each.getBoundingClientRect().right > innerWidth && !each.closest(".wide")).map((each) =>
  `${each.tagName} ${each.id} ${each.className}`)"""


@pytest.fixture(params=[240, 280, 320])
def narrow(browser: Browser, api: httpx.Client, request: pytest.FixtureRequest) -> Iterator[Page]:
    yield from opened(browser, str(api.base_url), (request.param, 653))


def test_nothing_in_the_form_is_wider_than_the_screen(narrow: Page) -> None:
    narrow.goto("/")
    expect(narrow.locator("#price")).not_to_have_text(NO_PRICE)
    narrow.get_by_text("API key", exact=True).click()
    narrow.get_by_text("The same in numbers").click()
    narrow.get_by_label("Drop a CSV file here").set_input_files(
        {"name": "houses.csv", "mimeType": "text/csv", "buffer": b"RM,LSTAT\n6.5,5\n6,5;5\n"}
    )
    expect(narrow.locator("#many-rows tr")).to_have_count(2)
    assert narrow.evaluate(WIDER) == []
    assert narrow.evaluate("document.documentElement.scrollWidth <= innerWidth")
    keep(narrow, "narrow")


def test_nothing_in_the_description_makes_the_page_wider(narrow: Page) -> None:
    narrow.goto("/docs")
    expect(narrow.get_by_text("/predict/batch", exact=False).first).to_be_visible()
    assert narrow.evaluate("document.documentElement.scrollWidth <= innerWidth")
