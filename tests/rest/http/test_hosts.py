"""By which names the proxy may be called: those of others could lead here (DNS rebinding)."""

import httpx
import pytest

from tests.rest.answers import HOUSE, refused
from tests.rest.conftest import Start
from tests.rest.raw import HOST, answer, connected
from tests.support.client import Client

LOOPBACK = [
    "localhost", "LOCALHOST:8000", "localhost.", "houses.localhost:1", "127.0.0.1", "127.8.9.1:80",
    "[::1]", "[::1]:8000",
]  # fmt: skip
FOREIGN = [
    "evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example",
    "notlocalhost", "127.0.0.1:80@evil.example", "[::1].evil.example", "", ":8000", "a:b:c", "[::1",
    "evil.example,localhost",
]  # fmt: skip
ADDRESSES = ["10.1.2.3", "10.1.2.3:8000", "[2001:db8::1]:8000"]


def statuses(client: httpx.Client, host: str) -> set[int]:
    """Returns what is answered to every kind of call by a name."""
    named = {"host": host}
    answers = [client.get(path, headers=named) for path in ("/health", "/metrics", "/", "/nope")]
    answers.append(client.post("/predict", json=HOUSE, headers=named))
    answers.append(client.request("OPTIONS", "/predict", headers=named))
    return {response.status_code for response in answers}


@pytest.mark.parametrize("host", LOOPBACK)
def test_on_loopback_its_names_are_taken(rest: httpx.Client, host: str) -> None:
    assert statuses(rest, host) == {200, 404, 405}


@pytest.mark.parametrize("host", [*FOREIGN, *ADDRESSES])
def test_on_loopback_no_other_is(rest: httpx.Client, host: str) -> None:
    assert statuses(rest, host) == {403}
    response = rest.get("/model/info", headers={"host": host})
    assert refused(response) == (403, "HOST_NOT_ALLOWED", [])
    assert "API_ALLOWED_HOSTS" in response.json()["error"]["message"]


def test_one_of_two_is_enough_to_be_refused(rest: httpx.Client) -> None:
    with connected(rest.base_url) as caller:
        caller.sendall(b"GET /health HTTP/1.1\r\n" + HOST + b"host: evil.example\r\n\r\n")
        assert answer(caller)[0] == 403


def test_a_name_can_be_allowed_on_loopback(housing: Client, start: Start) -> None:
    client = start(housing.address, api_allowed_hosts="Houses.example, [2001:db8::1]")
    for host in ("houses.EXAMPLE:8443", "[2001:db8::1]", "localhost"):
        assert statuses(client, host) == {200, 404, 405}
    assert statuses(client, "evil.example") == {403}


def test_elsewhere_any_name_is_taken(housing: Client, start: Start) -> None:
    client = start(housing.address, api_host="0.0.0.0")
    for host in ("evil.example", *ADDRESSES):
        assert statuses(client, host) == {200, 404, 405}


def test_elsewhere_names_can_be_listed_and_addresses_are_fine(
    housing: Client, start: Start
) -> None:
    client = start(housing.address, api_host="0.0.0.0", api_allowed_hosts="houses.example")
    # Probes and scrapers call a pod by its address.
    for host in ("houses.example", "houses.example.:80", "127.0.0.1:8000", *ADDRESSES):
        assert statuses(client, host) == {200, 404, 405}
    for host in (*FOREIGN, "localhost"):
        assert statuses(client, host) == {403}
