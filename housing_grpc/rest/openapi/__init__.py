"""OpenAPI 3.1 of all that the proxy answers, from the descriptors and their comments."""

from typing import Any

from housing_grpc.base.version import VERSION
from housing_grpc.rest.contract.comments import Comments
from housing_grpc.rest.contract.services import Binding
from housing_grpc.rest.openapi import operations, own, streams
from housing_grpc.rest.openapi.schemas import Schemas

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


def document(bindings: list[Binding], comments: Comments, *, streaming: bool) -> dict[str, Any]:
    """Returns the document.

    Args:
        bindings: How the rpcs can be called.
        comments: What the contract says of its parts.
        streaming: Whether the stream is served, too.
    """
    schemas = Schemas(comments)
    paths = own.paths()
    for operation in operations.of(bindings, schemas, comments):
        paths.setdefault(operation.path, {})[operation.verb] = operation.tree
    if streaming:
        paths |= streams.paths(comments)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "House prices",
            "version": VERSION,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "tags": [*operations.tags(bindings, comments), own.TAG],
        "paths": paths,
        "security": [{}, *({name: []} for name in _SCHEMES)],
        "components": {
            "schemas": {**own.schemas(), **schemas.components},
            "securitySchemes": _SCHEMES,
        },
    }
