"""A real browser, without a way to any other host."""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from housing_grpc.bundle import format as bundle_format
from tests.rest.conftest import Loop, proxied
from tests.support import examples
from tests.support.examples import Example
from tests.support.serving import housing_server

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NO_PRICE = "\N{EN DASH}"
SIZES = {"desktop": (1280, 800), "phone": (390, 844)}


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        message = "no browser; on Debian or Ubuntu: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    expect.set_options(timeout=15_000)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture(params=SIZES)
def page(browser: Browser, rest: httpx.Client, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page that fails the test if it asks another host, or if its scripts do."""
    yield from opened(browser, str(rest.base_url), SIZES[request.param])


@pytest.fixture(scope="package")
def api(loop: Loop, honest: Example) -> Iterator[httpx.Client]:
    """A proxy to a server whose model tells how sure it is, how unusual a house, and why."""
    with ExitStack() as stack:
        server = housing_server(stack, honest.folder)
        yield stack.enter_context(proxied(loop, f"127.0.0.1:{server.port}"))


@pytest.fixture(params=SIZES)
def sure(browser: Browser, api: httpx.Client, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The same of that server."""
    yield from opened(browser, str(api.base_url), SIZES[request.param])


@pytest.fixture(scope="package")
def bare(
    loop: Loop, linear: Example, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """A proxy to a server of a bundle of format 1, which tells a price alone."""
    folder = tmp_path_factory.mktemp("bare") / "bundle"
    metadata = bundle_format.read(linear.folder).metadata
    bundle_format.write(folder, *examples.format_1(metadata, examples.contents(linear.folder)))
    with ExitStack() as stack:
        server = housing_server(stack, folder)
        yield stack.enter_context(proxied(loop, f"127.0.0.1:{server.port}"))


@pytest.fixture(params=SIZES)
def old(browser: Browser, bare: httpx.Client, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The same of that server."""
    yield from opened(browser, str(bare.base_url), SIZES[request.param])


def opened(browser: Browser, url: str, size: tuple[int, int]) -> Iterator[Page]:
    context = browser.new_context(
        base_url=url, viewport={"width": size[0], "height": size[1]}, locale="en-US"
    )
    found, asked, faults = context.new_page(), [], []
    found.on("request", lambda request: asked.append(request.url))
    found.on("pageerror", lambda error: faults.append(str(error)))
    found.set_default_timeout(15_000)
    yield found
    context.close()
    assert [each for each in asked if not each.startswith((url, "data:"))] == []
    assert faults == []


def keep(page: Page, name: str) -> None:
    """Keeps a picture for people, if a folder for that is named."""
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        width = (page.viewport_size or {"width": 0})["width"]
        page.screenshot(path=f"{folder}/{name}-{width}.png")


def price(rest: httpx.Client, house: dict[str, float]) -> str:
    return f"${rest.post('/predict', json=house).json()['prediction'] * 1000:,.0f}"


def field(page: Page, name: str) -> Locator:
    return page.locator(f"#feature-{name}")


def predict(page: Page) -> None:
    page.get_by_role("button", name="Predict the price").click()
