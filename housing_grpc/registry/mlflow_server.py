"""An MLflow server, asked over its documented REST API; MLflow itself is not imported."""

import errno
import os
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from housing_grpc.bundle import files
from housing_grpc.bundle.errors import BundleUnsafeError
from housing_grpc.registry.folder_store import FolderStore
from housing_grpc.registry.location import BUNDLE_FOLDER, DIGEST_TAG
from housing_grpc.registry.mlflow_http import PART_BYTES, MlflowHttp, check, understood
from housing_grpc.registry.registered_version import RegisteredVersion, Wanted
from housing_grpc.registry.store import STORE, Store

_API = "/api/2.0/mlflow"
_SERVED = "mlflow-artifacts"
_ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"
_ABSENT = frozenset({"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"})
_DOCUMENTED = frozenset({HTTPStatus.OK, HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND})


class MlflowServer:
    """The registry of an MLflow server.

    Args:
        uri: Of the server.
        seconds: Until when it has to have answered all questions; a file may take longer.
        environment: Has MLflow's own variables, such as MLFLOW_TRACKING_TOKEN.
    """

    def __init__(self, uri: str, seconds: float, environment: Mapping[str, str]) -> None:
        self._http = MlflowHttp(uri, seconds, environment)

    def find(self, wanted: Wanted) -> RegisteredVersion:
        """Returns the version that is asked for."""
        if wanted.version:
            path, chosen = "/model-versions/get", {"version": wanted.version}
        else:
            path, chosen = "/registered-models/alias", {"alias": wanted.alias}
        with self._http.get(_API + path, {"name": wanted.name, **chosen}) as response:
            answer = self._http.read(response) if response.status_code in _DOCUMENTED else {}
            if str(answer.get("error_code")) in _ABSENT:
                raise wanted.absent()
            check(response)
        with understood():
            found = answer["model_version"]
            tags = {tag["key"]: str(tag.get("value", "")) for tag in found.get("tags", ())}
            version = RegisteredVersion(
                name=found["name"], version=str(found["version"]), digest_tag=tags.get(DIGEST_TAG)
            )
        return version.checked(wanted)

    def store(self, found: RegisteredVersion) -> Store | None:
        """Returns the files of a version, if they can be had from here or from a folder."""
        query = {"name": found.name, "version": found.version}
        with self._http.get(f"{_API}/model-versions/get-download-uri", query) as response:
            check(response)
            with understood():
                place = str(self._http.read(response)["artifact_uri"])
        parts = urlsplit(place)
        if parts.scheme != _SERVED or parts.netloc or parts.query or parts.fragment:
            return FolderStore.at(place)
        root = unquote(parts.path.strip("/"))
        if ".." in root.split("/"):
            raise BundleUnsafeError("the registry names a place that leaves its own store")
        return _ServedStore(self._http, root)


class _ServedStore:
    """Files that the registry's own server hands out."""

    def __init__(self, http: MlflowHttp, root: str) -> None:
        self._http = http
        self._folder = f"{root}/{BUNDLE_FOLDER}"

    def sizes(self, max_bytes: int) -> dict[str, int]:
        with self._http.get(_ARTIFACTS, {"path": self._folder}, STORE) as response:
            check(response, STORE)
            answer = self._http.read(response, STORE)
        with understood(STORE):
            listed = [_entry(file) for file in answer.get("files", ())]
        return files.check_sizes(map(_checked, listed), max_bytes)

    def save(self, name: str, path: Path, most: int) -> None:
        where = f"{_ARTIFACTS}/{quote(self._folder)}/{name}"
        with self._http.get(where, {}, STORE) as response, path.open("xb") as written:
            check(response, STORE)
            while part := response.raw.read(PART_BYTES):
                if written.tell() + len(part) > most:
                    raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
                written.write(part)


def _entry(file: Any) -> tuple[str, int, bool]:
    return str(file["path"]), max(int(file.get("file_size") or 0), 0), not file["is_dir"]


def _checked(entry: tuple[str, int, bool]) -> tuple[str, int]:
    name, size, plain_file = entry
    files.check_entry(name, plain_file=plain_file)
    return name, size
