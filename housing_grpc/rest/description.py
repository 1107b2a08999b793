"""The description of all that the proxy answers, OpenAPI 3.1, as `make proto` has written it."""

import json
from importlib.resources import files
from typing import Any

FILE = "openapi.json"


def load() -> bytes:
    """Returns the document."""
    return files("housing").joinpath(FILE).read_bytes()


def index(document: bytes) -> list[dict[str, str]]:
    """Returns method, path and summary of each operation."""
    paths: dict[str, Any] = json.loads(document)["paths"]
    return [
        {"method": verb.upper(), "path": path, "summary": operation["summary"]}
        for path, verbs in paths.items()
        for verb, operation in verbs.items()
    ]
