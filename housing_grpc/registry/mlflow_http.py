"""Questions to an MLflow server over HTTP, with MLflow's own variables, each within bounds."""

import base64
import configparser
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http import HTTPStatus
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_netrc_auth
from urllib3.exceptions import HTTPError
from urllib3.util import Retry

from housing_grpc.base.errors import ServingError
from housing_grpc.registry.http_deadline import AdapterWithDeadline
from housing_grpc.registry.location import keep_loopback_direct
from housing_grpc.registry.registered_version import unavailable

API = "/api/2.0/mlflow"
"""Of runs, experiments and registered models."""

PART_BYTES = 2**18
"""What is read of an answer at a time."""

REGISTRY = "the registry"
"""What callers read of it."""

# A version may have many tags, of 100,000 characters each.
_MOST_BYTES = 2**22
_ABSENT = frozenset({"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"})
_DOCUMENTED = frozenset({HTTPStatus.OK, HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND})
_PASSING = (429, 500, 502, 503, 504)
_RETRY = Retry(
    1, redirect=0, status_forcelist=_PASSING, raise_on_status=False,
    # It may say any time.
    respect_retry_after_header=False,
)  # fmt: skip
_LEAST_SECONDS = 0.1
# Of each of two tries, so that both fit into what a question may take.
_CONNECT_SECONDS = 4.0
_CREDENTIALS = "~/.mlflow/credentials"
_YES = frozenset({"true", "1"})


class AbsentError(ServingError):
    """There is nothing of the name that was asked for."""

    def __init__(self, error: ServingError) -> None:
        super().__init__(error.reason, error.message)


class MlflowHttp:
    """Asks an MLflow server.

    Args:
        uri: Of the server.
        seconds: Until when it has to have answered all questions; a file may take longer.
        environment: Has MLflow's own variables, such as MLFLOW_TRACKING_TOKEN.
    """

    def __init__(self, uri: str, seconds: float, environment: Mapping[str, str]) -> None:
        self._uri = uri.rstrip("/")
        self._end = time.monotonic() + seconds
        self._environment = environment

    def ask(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        what: str = REGISTRY,
        *,
        document: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Returns what the server answers, all of it in time.

        Args:
            path: Of the API.
            query: Its parameters.
            what: Is asked, for messages.
            document: To send, if it is not to get something.

        Raises:
            AbsentError: There is nothing of that name.
            ServingError: REGISTRY_UNAVAILABLE, if it does not answer as MLflow does, or in time.
        """
        bounded = AdapterWithDeadline(self._end, _RETRY)
        with self._asked(bounded, path, query or {}, what, document) as response:
            answer = _read(response, what) if response.status_code in _DOCUMENTED else {}
            if str(answer.get("error_code")) in _ABSENT:
                raise AbsentError(unavailable(what, f"HTTP {response.status_code:d}"))
            check(response, what)
        return answer

    @contextmanager
    def file(self, path: str, what: str) -> Iterator[Any]:
        """Yields a file, of which nothing has been read yet; it may take its time.

        Args:
            path: Of the API.
            what: Is asked, for messages.

        Raises:
            ServingError: REGISTRY_UNAVAILABLE, if the server does not answer or breaks off.
        """
        with self._asked(HTTPAdapter(max_retries=_RETRY), path, {}, what) as response:
            check(response, what)
            yield response.raw

    @contextmanager
    def _asked(
        self,
        adapter: HTTPAdapter,
        path: str,
        query: Mapping[str, str],
        what: str,
        document: Mapping[str, Any] | None = None,
    ) -> Iterator[Any]:
        headers = self._headers()
        with requests.Session() as session:
            session.mount(self._uri, adapter)
            # requests would change the variables of this process for a moment, which has threads.
            session.trust_env = False
            try:
                response = session.request(
                    "GET" if document is None else "POST",
                    self._uri + path,
                    params=query,
                    json=document,
                    headers=headers,
                    auth=None if "Authorization" in headers else get_netrc_auth(self._uri),
                    proxies=self.proxies(),
                    verify=self._verify(),
                    cert=self._environment.get("MLFLOW_TRACKING_CLIENT_CERT_PATH") or None,
                    timeout=self._timeout(),
                    stream=True,
                    # Whoever answers would choose whom this machine asks.
                    allow_redirects=False,
                )
            # A file that is named for TLS and is not there is an OSError, too.
            except (requests.RequestException, OSError, ValueError) as error:
                raise self._failed(what, error) from error
            with response:
                try:
                    yield response
                except (requests.RequestException, HTTPError) as error:
                    raise self._failed(what, error) from error

    def _timeout(self) -> tuple[float, float]:
        # A little, if none is left.
        left = max(_LEAST_SECONDS, self._end - time.monotonic())
        return min(left, _CONNECT_SECONDS), left

    def _failed(self, what: str, error: Exception) -> ServingError:
        late = time.monotonic() > self._end
        return unavailable(what, "not in time" if late else type(error).__name__)

    def proxies(self) -> dict[str, str]:
        """Returns the proxies that variables name for this server, by scheme."""
        variables = dict(self._environment)
        keep_loopback_direct(variables)
        host = urlsplit(self._uri).hostname or ""
        if proxy_bypass_environment(host, {"no": variables["no_proxy"]}) or _is_within(
            host, variables["no_proxy"]
        ):
            return {}
        given = ((kind, f"{kind}_proxy") for kind in ("http", "https", "all"))
        found = {kind: variables.get(name) or variables.get(name.upper()) for kind, name in given}
        return {kind: place for kind, place in found.items() if place}

    def _verify(self) -> str | bool:
        if self._environment.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() in _YES:
            return False
        files = ("MLFLOW_TRACKING_SERVER_CERT_PATH", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
        return next(filter(None, map(self._environment.get, files)), True)

    def _headers(self) -> dict[str, str]:
        # An answer that is packed could be of any size.
        headers = {"Accept-Encoding": "identity"}
        if workspace := self._environment.get("MLFLOW_WORKSPACE", "").strip():
            headers["X-MLFLOW-WORKSPACE"] = workspace
        user, password = self._login()
        if user and password:
            # requests would write it in Latin-1, and MLflow does not.
            pair = base64.b64encode(f"{user}:{password}".encode()).decode()
            headers["Authorization"] = f"Basic {pair}"
        elif token := self._environment.get("MLFLOW_TRACKING_TOKEN"):
            headers["Authorization"] = f"Bearer {token}"
        return headers

    def _login(self) -> tuple[str, str]:
        names = ("mlflow_tracking_username", "mlflow_tracking_password")
        user, password = (self._environment.get(name.upper(), "") for name in names)
        if user and password:
            return user, password
        file = configparser.ConfigParser(interpolation=None)
        try:
            # Without a home folder, the path stays as it is, and names no file.
            file.read(os.path.expanduser(_CREDENTIALS))  # noqa: PTH111
        except configparser.Error as error:
            raise unavailable(REGISTRY, f"{_CREDENTIALS} cannot be read") from error
        kept = file["mlflow"] if file.has_section("mlflow") else {}
        return user or kept.get(names[0], ""), password or kept.get(names[1], "")


def check(response: Any, what: str) -> None:
    """Raises a ServingError unless an answer has what was asked for, as it is."""
    if response.status_code != HTTPStatus.OK:
        raise unavailable(what, f"HTTP {response.status_code:d}")
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise unavailable(what, "it packs what it sends")


def _read(response: Any, what: str) -> dict[str, Any]:
    """Returns the object that an answer is, unless it is none or too large."""
    content = bytearray()
    while part := response.raw.read1(PART_BYTES):
        content += part
        if len(content) > _MOST_BYTES:
            raise unavailable(what, f"more than {_MOST_BYTES} bytes")
    with understood(what):
        return dict(json.loads(content))


def _is_within(host: str, exempt: str) -> bool:
    """Returns whether an address is in one of the networks that no proxy is for."""
    with suppress(ValueError):
        address = ip_address(host)
        for each in exempt.split(","):
            with suppress(ValueError):
                if address in ip_network(each.strip(), strict=False):
                    return True
    return False


@contextmanager
def understood(what: str = REGISTRY) -> Iterator[None]:
    """Says of what is not as MLflow would answer that the server does not answer."""
    try:
        yield
    except (
        AttributeError,
        KeyError,
        TypeError,
        ValueError,
        OverflowError,
        RecursionError,
    ) as error:
        raise unavailable(what, "not as MLflow does") from error
