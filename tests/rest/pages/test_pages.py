"""The pages: who gets them, and that they need nothing from elsewhere."""

import re

import httpx
import pytest

from housing_grpc.rest.pages import STATIC

CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (CHROME, "text/html"),
        ("text/html", "text/html"),
        ("application/json;q=0.5, text/html;q=0.9", "text/html"),
        ("*/*", "application/json"),
        ("", "application/json"),
        ("application/json", "application/json"),
        ("text/html;q=0.1, application/json", "application/json"),
        ("text/html;q=0", "application/json"),
        ("text/html;q=x", "application/json"),
    ],
)
def test_only_who_asks_for_html_gets_the_form(rest: httpx.Client, accept: str, kind: str) -> None:
    response = rest.get("/", headers={"accept": accept})
    assert response.headers["content-type"].partition(";")[0] == kind
    assert response.headers["vary"] == "accept"


@pytest.mark.parametrize("path", ["/", "/docs", "/quality"])
def test_a_page_loads_only_what_is_here(rest: httpx.Client, path: str) -> None:
    page = rest.get(path, headers={"accept": "text/html"})
    assert page.status_code == 200
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert "//" not in page.text
    names = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(names) >= 4
    for name in names:
        found = rest.get(f"/{name}")
        assert found.status_code == 200, name
        assert found.content


@pytest.mark.parametrize("name", sorted(path.name for path in STATIC.glob("*.[jc]s*")))
def test_our_own_files_name_no_other_host(rest: httpx.Client, name: str) -> None:
    response = rest.get(f"/static/{name}")
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "http:" not in response.text
    assert "https:" not in response.text


def test_a_file_is_not_sent_twice(rest: httpx.Client) -> None:
    first = rest.get("/docs/swagger-ui.css")
    again = rest.get("/docs/swagger-ui.css", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    ["/static/nope.js", "/static/..%2Fpages.py", "/docs/index.html", "/docs/..%2F..%2Fcore.py"],
)
def test_no_other_file_is_sent(rest: httpx.Client, path: str) -> None:
    response = rest.get(httpx.URL(f"{rest.base_url}", raw_path=path.encode()))
    assert response.status_code == 404
