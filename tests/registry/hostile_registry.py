"""A registry with its artifact store that answers what it likes."""

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from housing_grpc.bundle import digest as bundle_digest
from housing_grpc.bundle.digest import Digest
from housing_grpc.registry.location import DIGEST_TAG
from tests.support.examples import MODEL_NAME

DIGEST = Digest("ab" * 32)

_ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"
_PATIENCE = 60
_DROPS = 3000
_GZIP = b"\x1f\x8b"

Content = Callable[[str], Iterable[bytes]]


class Registry(ThreadingHTTPServer):
    """Answers each question after a version with the same one, as MLflow's server would.

    Attributes:
        version: The version.
        listing: What its store says that there is.
        artifact_uri: Where its store says that the files are.
        content: What the file of a name is sent as.
        status: With which status.
        answer: The status, headers and body of every answer but files, if it is given.
        drips: How every answer begins, of which the rest comes byte by byte, for half a minute.
        tags: Of the registered model.
        silent: The end of the paths of questions that are never answered, or "".
        paths: Of each question.
        heard: The headers of each question, in lower case.
        asked: Set once a file has been asked for.
        stopped: Set at the end of the test.
        sent: Set once all of a file has been sent, or nobody takes it any more; or all that drips.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.version: dict[str, Any] = answered(DIGEST)
        self.artifact_uri: Any = "mlflow-artifacts:/model"
        self.listing: Any = listed(**{"metadata.json": 2})
        self.content: Content = lambda _: [b"{}"]
        self.status = 200
        self.answer: tuple[int, dict[str, str], bytes] | None = None
        self.drips: bytes | None = None
        self.tags: dict[str, str] = {}
        self.silent = ""
        self.paths: list[str] = []
        self.heard: list[dict[str, str]] = []
        self.asked, self.sent = threading.Event(), threading.Event()
        self.stopped = threading.Event()

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Answers(BaseHTTPRequestHandler):
    server: Registry

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self.server.heard.append({name.lower(): text for name, text in self.headers.items()})
        self.server.paths.append(path)
        if self.server.silent and path.endswith(self.server.silent):
            self.server.stopped.wait(_PATIENCE)
        elif self.server.drips is not None:
            self._drip(self.server.drips)
        elif self.server.answer:
            self._send_as(*self.server.answer)
        elif path.startswith(f"{_ARTIFACTS}/"):
            self._send_file(path.rpartition("/")[2])
        elif path == _ARTIFACTS:
            self._send(self.server.listing)
        elif path.endswith("/get-download-uri"):
            self._send({"artifact_uri": self.server.artifact_uri})
        elif path.endswith("/registered-models/get"):
            self._send({"registered_model": self._model()})
        elif "/logged-models/" in path:
            self._send({"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "deleted"}, 404)
        else:
            self._send({"model_version": self.server.version})

    def do_PUT(self) -> None:
        self.do_GET()

    def _model(self) -> dict[str, Any]:
        version = self.server.version
        named = [{"alias": "production", "version": version.get("version")}]
        tags = [{"key": key, "value": value} for key, value in self.server.tags.items()]
        return {"name": version.get("name"), "aliases": named, "tags": tags}

    def _send(self, answer: Any, status: int = 200) -> None:
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if body.startswith(_GZIP):
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(body)

    def _send_as(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, text in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, text)
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(body)

    def _drip(self, begun: bytes) -> None:
        with suppress(OSError):
            self.wfile.write(begun)
            for _ in range(_DROPS):
                time.sleep(0.01)
                self.wfile.write(b"x")
            self.server.sent.set()

    def _send_file(self, name: str) -> None:
        self.send_response(self.server.status)
        self.end_headers()
        self.server.asked.set()
        with suppress(OSError):
            for piece in self.server.content(name):
                self.wfile.write(piece)
        self.server.sent.set()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def running() -> Iterator[Registry]:
    """Runs a registry."""
    with Registry() as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.stopped.set()
        server.shutdown()
        thread.join(_PATIENCE)


def serve_bundle(server: Registry, folder: Path) -> None:
    """Has a registry answer with a bundle."""
    files = {file.name: file.read_bytes() for file in folder.iterdir()}
    server.version = answered(bundle_digest.compute(files["metadata.json"]))
    server.listing = listed(**{name: len(content) for name, content in files.items()})
    server.content = lambda name: [files[name]]


def answered(tag: str | None, **changed: str) -> dict[str, Any]:
    """Returns a version with that digest."""
    tags = [] if tag is None else [{"key": DIGEST_TAG, "value": tag}]
    return {"name": MODEL_NAME, "version": "2", "run_id": "r", "tags": tags, **changed}


def listed(**sizes: int) -> dict[str, Any]:
    """Returns a listing of files of those sizes."""
    files = [{"path": name, "is_dir": False, "file_size": size} for name, size in sizes.items()]
    return {"files": files}
