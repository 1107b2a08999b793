"""OpenAPI 3.1 of all that the proxy answers: `python -m tools.openapi.document DESCRIPTORS`."""

import json
import sys
from pathlib import Path
from typing import Any

from housing_grpc.base.version import VERSION
from housing_grpc.rest import bindings
from tools.openapi import comments as contract_comments
from tools.openapi import operations, own, streams
from tools.openapi.comments import Comments
from tools.openapi.schemas import Schemas

_ABOUT = (
    "The gRPC contract over HTTP and JSON. Names are in snake_case; features keep the data "
    "set's spelling. A request with an unknown field, a key that comes twice, or a text or "
    "`true` for a number is refused, with the field named. A body needs its Content-Type. Every "
    "answer has an X-Request-ID: the caller's, or a new one."
)

# The server decides which calls need a key; one of them is sent, once.
_SCHEMES = {
    "ApiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "Bearer": {"type": "http", "scheme": "bearer"},
}


def document(comments: Comments) -> dict[str, Any]:
    """Returns the document.

    Args:
        comments: What the contract says of its parts.
    """
    schemas, bound = Schemas(comments), bindings.bindings()
    paths = own.paths()
    for operation in operations.of(bound, schemas, comments):
        paths.setdefault(operation.path, {})[operation.verb] = operation.tree
    paths |= streams.paths(schemas, comments)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "House prices",
            "version": VERSION,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "tags": [*operations.tags(bound, comments), own.TAG],
        "paths": paths,
        "security": [{}, *({name: []} for name in _SCHEMES)],
        "components": {
            "schemas": {**own.schemas(), **schemas.components},
            "securitySchemes": _SCHEMES,
        },
    }


if __name__ == "__main__":
    found = document(contract_comments.load(Path(sys.argv[1])))
    json.dump(found, sys.stdout, indent=1, ensure_ascii=False)
    print()
