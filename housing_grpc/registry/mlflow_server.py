"""An MLflow server, asked over its documented REST API; MLflow itself is not imported."""

import base64
import configparser
import errno
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError
from urllib3.util import Retry

from housing_grpc.bundle import files
from housing_grpc.registry.folder_store import FolderStore
from housing_grpc.registry.location import BUNDLE_FOLDER, DIGEST_TAG, keep_loopback_direct
from housing_grpc.registry.registered_version import RegisteredVersion, Wanted, unavailable
from housing_grpc.registry.store import STORE, Store

_API = "/api/2.0/mlflow"
_SERVED = "mlflow-artifacts"
_ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"
# A version's tags have 5,000 characters each at most, and files have names of 255.
_MOST_BYTES = 2**20
_PART_BYTES = 2**18
_ABSENT = frozenset({"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"})
_DOCUMENTED = frozenset({HTTPStatus.OK, HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND})
_PASSING = (429, 500, 502, 503, 504)
_RETRY = Retry(1, redirect=0, status_forcelist=_PASSING, raise_on_status=False)
_REGISTRY = "the registry"
_CREDENTIALS = "~/.mlflow/credentials"
_YES = frozenset({"true", "1"})


class MlflowServer:
    """The registry of an MLflow server.

    Args:
        uri: Of the server.
        seconds: Longest silence.
        environment: Has MLflow's own variables, such as MLFLOW_TRACKING_TOKEN.
    """

    def __init__(self, uri: str, seconds: float, environment: Mapping[str, str]) -> None:
        self._uri = uri.rstrip("/")
        self._seconds = seconds
        self._environment = environment

    def find(self, wanted: Wanted) -> RegisteredVersion:
        """Returns the version that is asked for."""
        if wanted.version:
            path, chosen = "/model-versions/get", {"version": wanted.version}
        else:
            path, chosen = "/registered-models/alias", {"alias": wanted.alias}
        with self.get(_API + path, {"name": wanted.name, **chosen}) as response:
            answer = _read(response) if response.status_code in _DOCUMENTED else {}
            if answer.get("error_code") in _ABSENT:
                raise wanted.absent()
            _check(response)
        with _understood():
            found = answer["model_version"]
            tags = {tag["key"]: tag.get("value", "") for tag in found.get("tags", ())}
            version = RegisteredVersion(
                name=found["name"], version=str(found["version"]), digest_tag=tags.get(DIGEST_TAG)
            )
        return version.checked(wanted)

    def store(self, found: RegisteredVersion) -> Store | None:
        """Returns the files of a version, if they can be had from here or from a folder."""
        query = {"name": found.name, "version": found.version}
        with self.get(f"{_API}/model-versions/get-download-uri", query) as response:
            _check(response)
            with _understood():
                place = str(_read(response)["artifact_uri"])
        parts = urlsplit(place)
        if parts.scheme != _SERVED or parts.netloc or parts.query or parts.fragment:
            return FolderStore.at(place)
        return _ServedStore(self, unquote(parts.path.strip("/")))

    @contextmanager
    def get(self, path: str, query: Mapping[str, str], what: str = _REGISTRY) -> Iterator[Any]:
        """Asks the server, and yields its answer, of which nothing has been read yet.

        Args:
            path: Of the API.
            query: Its parameters.
            what: Is asked, for messages.

        Raises:
            ServingError: REGISTRY_UNAVAILABLE, if it does not answer or breaks off.
        """
        variables = dict(self._environment)
        keep_loopback_direct(variables)
        with requests.Session() as session:
            session.mount(self._uri, HTTPAdapter(max_retries=_RETRY))
            try:
                with session.get(
                    self._uri + path,
                    params=query,
                    headers=self._headers(),
                    proxies={"no_proxy": variables["no_proxy"]},
                    verify=self._verify(),
                    cert=variables.get("MLFLOW_TRACKING_CLIENT_CERT_PATH") or None,
                    timeout=self._seconds,
                    stream=True,
                    # Whoever answers would choose whom this machine asks.
                    allow_redirects=False,
                ) as response:
                    yield response
            except (requests.RequestException, HTTPError, ValueError) as error:
                raise unavailable(what, type(error).__name__) from error

    def _verify(self) -> str | bool:
        if self._environment.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() in _YES:
            return False
        return self._environment.get("MLFLOW_TRACKING_SERVER_CERT_PATH") or True

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
        file.read(Path(_CREDENTIALS).expanduser())
        kept = file["mlflow"] if file.has_section("mlflow") else {}
        return user or kept.get(names[0], ""), password or kept.get(names[1], "")


class _ServedStore:
    """Files that the registry's own server hands out."""

    def __init__(self, server: MlflowServer, root: str) -> None:
        self._server = server
        self._folder = f"{root}/{BUNDLE_FOLDER}"

    def sizes(self, max_bytes: int) -> dict[str, int]:
        with self._server.get(_ARTIFACTS, {"path": self._folder}, STORE) as response:
            _check(response, STORE)
            with _understood(STORE):
                listed = [_entry(file) for file in _read(response, STORE).get("files", ())]
        return files.check_sizes(map(_checked, listed), max_bytes)

    def save(self, name: str, path: Path, most: int) -> None:
        where = f"{_ARTIFACTS}/{quote(self._folder)}/{name}"
        with self._server.get(where, {}, STORE) as response, path.open("xb") as written:
            _check(response, STORE)
            while part := response.raw.read(_PART_BYTES):
                if written.tell() + len(part) > most:
                    raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
                written.write(part)


def _entry(file: Any) -> tuple[str, int, bool]:
    return str(file["path"]), max(int(file.get("file_size") or 0), 0), not file["is_dir"]


def _checked(entry: tuple[str, int, bool]) -> tuple[str, int]:
    name, size, plain_file = entry
    files.check_entry(name, plain_file=plain_file)
    return name, size


def _check(response: Any, what: str = _REGISTRY) -> None:
    if response.status_code != HTTPStatus.OK:
        raise unavailable(what, f"HTTP {response.status_code:d}")
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise unavailable(what, "it packs what it sends")


def _read(response: Any, what: str = _REGISTRY) -> dict[str, Any]:
    content = response.raw.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise unavailable(what, f"more than {_MOST_BYTES} bytes")
    with _understood(what):
        return dict(json.loads(content))


@contextmanager
def _understood(what: str = _REGISTRY) -> Iterator[None]:
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise unavailable(what, "not as MLflow does") from error
