"""Pages of other sites change nothing; programs and our own pages go on as before."""

import httpx
import pytest
from starlette.types import Message

from housing_grpc.rest.http.errors import RestError
from housing_grpc.rest.http.exchange import Exchange
from housing_grpc.rest.http.origin import Origins
from tests.rest.answers import HOUSE, refused
from tests.rest.conftest import Start
from tests.support.client import Client


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
        ("localhost", "http://localhost"),
        ("LOCALHOST", "https://localhost"),
        ("127.0.0.1:443", "https://127.0.0.1"),
        ("127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_our_own_pages_are_answered(rest: httpx.Client, host: str, origin: str) -> None:
    headers = {"host": host, "origin": origin, "sec-fetch-site": "same-origin"}
    assert rest.post("/predict", json=HOUSE, headers=headers).status_code == 200


HERE = {"host": "here.example", "origin": "http://here.example", "sec-fetch-site": "same-origin"}


def test_a_name_that_somebody_lets_lead_to_loopback_is_another_site(
    housing: Client, start: Start
) -> None:
    client = start(housing.address, api_allowed_hosts="here.example")
    assert refused(client.post("/predict", json=HOUSE, headers=HERE))[1] == "CROSS_SITE"


@pytest.mark.parametrize("host", ["here.example", "inside:8000"])
def test_origins_that_are_allowed_may_call(housing: Client, start: Start, host: str) -> None:
    client = start(
        housing.address,
        api_allowed_hosts="here.example inside",
        api_allowed_origins="http://Here.example, https://b.example",
    )
    headers = {**HERE, "host": host}
    assert client.post("/predict", json=HOUSE, headers=headers).status_code == 200
    headers["origin"] = "http://other.example"
    assert refused(client.post("/predict", json=HOUSE, headers=headers))[1] == "CROSS_SITE"


PAGE = "https://pages.example"
PREFLIGHT = {
    "origin": PAGE,
    "access-control-request-method": "POST",
    "access-control-request-headers": "content-type,x-api-key",
}


@pytest.fixture
def shared(housing: Client, start: Start) -> httpx.Client:
    """A proxy that a page of another site may call."""
    return start(housing.address, api_allowed_origins=f"{PAGE}:443 http://b.example")


def test_a_browser_is_told_what_an_allowed_page_may_send(shared: httpx.Client) -> None:
    answer = shared.options("/v1/predict", headers=PREFLIGHT)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert "POST" in answer.headers["access-control-allow-methods"]
    allowed = answer.headers["access-control-allow-headers"].lower().split(", ")
    assert {"authorization", "x-api-key", "content-type", "x-request-id"} <= set(allowed)
    assert "access-control-allow-credentials" not in answer.headers
    assert "Origin" in answer.headers["vary"]
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("verb", "path", "body", "code"),
    [
        ("GET", "/model/info", None, 200),
        ("POST", "/v1/predict", b'{"RM": 6.5}', 200),
        ("POST", "/v1/predict", b'{"RMM": 6.5}', 400),
        ("POST", "/v1/predict:stream", b'{"RM": 6.5}\n', 200),
        ("GET", "/nowhere", None, 404),
        ("DELETE", "/v1/predict", None, 405),
    ],
)
def test_an_allowed_page_can_read_answers_and_errors(
    shared: httpx.Client, verb: str, path: str, body: bytes | None, code: int
) -> None:
    kind = "application/x-ndjson" if path.endswith("stream") else "application/json"
    headers = {"origin": PAGE, "sec-fetch-site": "cross-site", "content-type": kind}
    answer = shared.request(verb, path, content=body, headers=headers)
    assert answer.status_code == code
    assert answer.headers["access-control-allow-origin"] == PAGE
    exposed = answer.headers["access-control-expose-headers"].lower()
    assert {"retry-after", "x-request-id", "www-authenticate"} == set(exposed.split(", "))
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", f"{PAGE}.evil.example", "http://pages.example"]
)
def test_no_other_page_can_read_anything(shared: httpx.Client, origin: str) -> None:
    answer = shared.options("/v1/predict", headers={**PREFLIGHT, "origin": origin})
    assert refused(answer) == (403, "CROSS_SITE", [])
    read = shared.get("/model/info", headers={"origin": origin})
    assert read.status_code == 200
    for each in (answer, read):
        assert "access-control-allow-origin" not in each.headers
        assert "Origin" in each.headers["vary"]


def test_without_allowed_origins_no_page_can_read_anything(rest: httpx.Client) -> None:
    assert refused(rest.options("/v1/predict", headers=PREFLIGHT)) == (403, "CROSS_SITE", [])
    read = rest.get("/model/info", headers={"origin": PAGE})
    assert not [name for name in read.headers if name.startswith("access-control")]
    # OPTIONS is no method here but for a browser that asks for a page.
    assert refused(rest.options("/v1/predict"))[1] == "METHOD_NOT_ALLOWED"


@pytest.mark.parametrize(("host", "allowed"), [("here.example:80", True), ("b.example", False)])
def test_an_open_proxy_has_the_name_that_it_is_called_by(host: str, allowed: bool) -> None:
    names = {**HERE, "host": host}
    headers = [(name.encode(), value.encode()) for name, value in names.items()]
    exchange = Exchange({"method": "POST", "headers": headers}, nothing)
    found = Origins("0.0.0.0", frozenset())
    if allowed:
        found.check(exchange)
    else:
        with pytest.raises(RestError, match="API_ALLOWED_ORIGINS"):
            found.check(exchange)


async def nothing() -> Message:
    return {"type": "http.disconnect"}


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
