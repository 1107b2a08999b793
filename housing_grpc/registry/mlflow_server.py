"""An MLflow server, asked over its documented REST API; MLflow itself is not imported."""

import errno
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.bundle import files
from housing_grpc.registry.folder_store import FolderStore
from housing_grpc.registry.location import BUNDLE_FOLDER, DIGEST_TAG, statement_tag
from housing_grpc.registry.mlflow_http import API, PART_BYTES, AbsentError, MlflowHttp, understood
from housing_grpc.registry.registered_version import RegisteredModel, RegisteredVersion, Wanted
from housing_grpc.registry.store import STORE, Store

ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"
"""Of the files that the server itself hands out."""

_SERVED = "mlflow-artifacts"


class MlflowServer:
    """The registry of an MLflow server.

    Args:
        http: Asks the server.
    """

    def __init__(self, http: MlflowHttp) -> None:
        self._http = http

    def find(self, wanted: Wanted) -> RegisteredVersion:
        """Returns the version that is asked for."""
        if wanted.version:
            path, chosen = "/model-versions/get", {"version": wanted.version}
        else:
            path, chosen = "/registered-models/alias", {"alias": wanted.alias}
        try:
            answer = self._http.ask(API + path, {"name": wanted.name, **chosen})
        except AbsentError as error:
            raise wanted.absent() from error
        with understood():
            found = answer["model_version"]
            tags = {tag["key"]: str(tag.get("value", "")) for tag in found.get("tags", ())}
            version = RegisteredVersion(
                name=found["name"],
                version=str(found["version"]),
                digest_tag=tags.get(DIGEST_TAG),
                statement=tags.get(statement_tag(wanted.alias)),
            )
        return version.checked(wanted)

    def model(self, name: str) -> RegisteredModel:
        """Returns what is known of a registered model."""
        answer = self._http.ask(f"{API}/registered-models/get", {"name": name})
        with understood():
            model = answer["registered_model"]
            return RegisteredModel(
                aliases={each["alias"]: str(each["version"]) for each in model.get("aliases", ())},
                tags={each["key"]: str(each.get("value", "")) for each in model.get("tags", ())},
            )

    def store(self, found: RegisteredVersion) -> Store | None:
        """Returns the files of a version, if they can be had from here or from a folder."""
        query = {"name": found.name, "version": found.version}
        answer = self._http.ask(f"{API}/model-versions/get-download-uri", query)
        with understood():
            place = str(answer["artifact_uri"])
        root = served_root(place)
        return FolderStore.at(place) if root is None else _ServedStore(self._http, root)


def served_root(place: str) -> str | None:
    """Returns under which path the server itself hands out files, or None if it does not.

    Args:
        place: Where they are, as the server says it.

    Raises:
        ServingError: BUNDLE_UNSAFE, if the path leaves the server's own store.
    """
    parts = urlsplit(place)
    if parts.scheme != _SERVED or parts.netloc or parts.query or parts.fragment:
        return None
    root = unquote(parts.path.strip("/"))
    if ".." in root.split("/"):
        text = "the registry names a place that leaves its own store"
        raise ServingError(Reason.BUNDLE_UNSAFE, text)
    return root


class _ServedStore:
    """Files that the registry's own server hands out."""

    def __init__(self, http: MlflowHttp, root: str) -> None:
        self._http = http
        self._folder = f"{root}/{BUNDLE_FOLDER}"

    def sizes(self, max_bytes: int) -> dict[str, int]:
        answer = self._http.ask(ARTIFACTS, {"path": self._folder}, STORE)
        with understood(STORE):
            listed = [_entry(file) for file in answer.get("files", ())]
        return files.check_sizes(map(_checked, listed), max_bytes)

    def save(self, name: str, path: Path, most: int) -> None:
        where = f"{ARTIFACTS}/{quote(self._folder)}/{name}"
        with self._http.file(where, STORE) as content, path.open("xb") as written:
            while part := content.read(PART_BYTES):
                if written.tell() + len(part) > most:
                    raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
                written.write(part)


def _entry(file: Any) -> tuple[str, int, bool]:
    return str(file["path"]), max(int(file.get("file_size") or 0), 0), not file["is_dir"]


def _checked(entry: tuple[str, int, bool]) -> tuple[str, int]:
    name, size, plain_file = entry
    files.check_entry(name, plain_file=plain_file)
    return name, size
