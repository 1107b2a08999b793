"""Pages of other sites that call the API, in a real browser."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.rest.conftest import Start
from tests.support.examples import Example
from tests.support.serving import housing_server

pytestmark = pytest.mark.integration

# What a page of another site does: a call with a key, and reads what it gets.
CALL = """async ([url, body, key]) => {
  try {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", "x-api-key": key, "x-request-id": "mine" },
      body,
    });
    return [answer.status, answer.headers.get("x-request-id"), await answer.json()];
  } catch (error) {
    return [0, error.name, null];
  }
}"""


class Blank(BaseHTTPRequestHandler):
    """Answers with an empty page."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def site() -> Iterator[str]:
    """Gives the origin of another site."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Blank) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_page_of_an_allowed_origin_calls_and_others_cannot(
    browser: Browser, linear: Example, start: Start, stack: ExitStack
) -> None:
    allowed, other = stack.enter_context(site()), stack.enter_context(site())
    server = housing_server(stack, linear.folder, api_key="k1")
    rest = start(f"127.0.0.1:{server.port}", api_allowed_origins=allowed)
    url = str(rest.base_url.join("/v1/predict"))
    context = stack.enter_context(browser.new_context())
    page = context.new_page()
    page.goto(allowed)
    code, name, answer = page.evaluate(CALL, [url, '{"RM": 6.5}', "k1"])
    assert (code, name) == (200, "mine")
    wanted = rest.post("/predict", json={"RM": 6.5}, headers={"x-api-key": "k1"}).json()
    assert answer["prediction"] == wanted["prediction"]
    # Errors can be read, too.
    code, _, answer = page.evaluate(CALL, [url, '{"RMM": 6.5}', "k1"])
    assert (code, answer["error"]["status"]) == (400, "INVALID_ARGUMENT")
    code, _, answer = page.evaluate(CALL, [url, '{"RM": 6.5}', "wrong"])
    assert (code, answer["error"]["status"]) == (401, "UNAUTHENTICATED")
    page.goto(other)
    assert page.evaluate(CALL, [url, '{"RM": 6.5}', "k1"]) == [0, "TypeError", None]
