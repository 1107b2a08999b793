"""Secrets that are easy to find again, and where they must not be found."""

import base64
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.support.certificates import Pair
from tests.support.waiting import SECONDS

SINGLE_KEY = "canary-single-key-Hx0f3Zq8"
READER_KEY = "canary-reader-key-Wm5t2Lb1"
STRANGER_KEY = "canary-of-a-stranger-Yd7k4Pc9"
RECEIPT_KEY = "c0a41e5f" * 8
FEEDBACK_PASSWORD = "canary-feedback-password-Qe4r7Ys3"
REGISTRY_PASSWORD = "canary-registry-password-Tn6v8Rj2"
STORE_KEY = "canary-store-key-Gs1h5Xe7"
STORE_SECRET = "canary-store-secret-Ub9w3Nf4"
TOKEN = "canary-registry-token-Ko2c6Mz5"
HOUSE_VALUE = 4711.0815

REGISTRY_USER = "registrar"
# What the server and its children know besides the settings of its own.
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": STORE_KEY,
    "AWS_SECRET_ACCESS_KEY": STORE_SECRET,
    "MLFLOW_TRACKING_TOKEN": TOKEN,
}


@dataclass(frozen=True, kw_only=True)
class Canaries:
    """Texts that must appear nowhere.

    Attributes:
        texts: By what they are.
    """

    texts: Mapping[str, str]

    @classmethod
    def of(cls, pair: Pair) -> "Canaries":
        """Returns all of them, and what they become when they are encoded."""
        basic = base64.b64encode(f"{REGISTRY_USER}:{REGISTRY_PASSWORD}".encode()).decode()
        lines = [line for line in pair.key.read_text().splitlines() if "KEY" not in line]
        return cls(
            texts={
                "API_KEY": SINGLE_KEY,
                "a key of API_KEYS_FILE": READER_KEY,
                "a wrong key": STRANGER_KEY,
                "a key of receipts": RECEIPT_KEY,
                "a key of receipts, as Python writes bytes": repr(bytes.fromhex(RECEIPT_KEY))[2:-1],
                "the password of the store of outcomes": FEEDBACK_PASSWORD,
                "the registry's password": REGISTRY_PASSWORD,
                "the registry's password, encoded": basic,
                **ENVIRONMENT,
                **{f"line {n} of the TLS key": line for n, line in enumerate(lines, 1)},
            }
        )

    def check(self, where: str, text: str) -> None:
        """Asserts that a text holds none of them."""
        found = [name for name, canary in self.texts.items() if canary in text]
        assert not found, f"{where} holds {', '.join(found)}: {text[:2000]}"


class Registry(ThreadingHTTPServer):
    """The worst of registries: it fails, and says again all that it was told.

    Attributes:
        asked: Set at every request.
        answering: Cleared, it keeps those who ask waiting.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Echo)
        self.asked = threading.Event()
        self.answering = threading.Event()
        self.answering.set()

    @property
    def uri(self) -> str:
        """Its address, with a user and a password."""
        port = self.server_address[1]
        return f"http://{REGISTRY_USER}:{REGISTRY_PASSWORD}@127.0.0.1:{port}"


class _Echo(BaseHTTPRequestHandler):
    server: Registry

    def _answer(self) -> None:
        self.server.asked.set()
        self.server.answering.wait(SECONDS)
        text = f"{self.path} {dict(self.headers)}"
        body = json.dumps({"error_code": "INTERNAL_ERROR", "message": text}).encode()
        self.send_response(500)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = _answer  # noqa: N815 - the base's
    do_POST = _answer  # noqa: N815 - the same

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's
        """Keeps quiet."""


@contextmanager
def registry() -> Iterator[Registry]:
    """Gives a registry that runs."""
    with Registry() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.answering.set()
            server.shutdown()
            thread.join()


def command_lines(root: int) -> list[str]:
    """Returns the command lines of a process and of all that it has started."""
    parents, lines = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            lines[int(folder.name)] = (folder / "cmdline").read_bytes().decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue
        parents[int(folder.name)] = int(fields[1])
    family = {root}
    while grown := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= grown
    return [lines[pid] for pid in family if pid in lines]
