"""Pages of other sites change nothing; programs and our own pages go on as before."""

import httpx
import pytest

from tests.rest.answers import HOUSE, refused


@pytest.mark.parametrize("path", ["/model/reload", "/v1/model/reload", "/v1/predict:stream"])
@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://[", "sec-fetch-site": "none"},
        {"origin": "http://127.0.0.1"},
    ],
)
def test_a_page_of_another_site_is_refused(
    rest: httpx.Client, path: str, headers: dict[str, str]
) -> None:
    assert refused(rest.post(path, headers=headers)) == (403, "CROSS_SITE", [])


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("here.example", "http://here.example"),
        ("HERE.example", "https://here.example"),
        ("here.example:443", "https://here.example"),
        ("here.example:8000", "http://here.example:8000"),
        ("[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_our_own_pages_are_answered(rest: httpx.Client, host: str, origin: str) -> None:
    headers = {"host": host, "origin": origin, "sec-fetch-site": "same-origin"}
    assert rest.post("/predict", json=HOUSE, headers=headers).status_code == 200


def test_a_program_needs_no_headers(rest: httpx.Client) -> None:
    assert rest.post("/model/reload").status_code == 200


def test_links_from_other_sites_work(rest: httpx.Client) -> None:
    for path in ("/", "/docs", "/model/info"):
        assert rest.get(path, headers={"sec-fetch-site": "cross-site"}).status_code == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded"])
def test_a_type_is_checked_even_without_a_body(rest: httpx.Client, kind: str) -> None:
    response = rest.post("/model/reload", headers={"content-type": kind})
    assert refused(response)[:2] == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_a_stream_needs_a_type(rest: httpx.Client) -> None:
    response = rest.post("/v1/predict:stream", content=b"{}")
    assert refused(response)[:2] == (415, "UNSUPPORTED_MEDIA_TYPE")
