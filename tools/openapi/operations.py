"""The operations of the contract: one for each rpc, at the first path that it has."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.rpc.code_pb2 import Code

from housing_grpc.rest.bindings import Binding
from housing_grpc.rest.http.errors import Reason
from housing_grpc.rest.http.status import HTTP_STATUS
from housing_grpc.rest.json.names import spelling
from tools.openapi import error_examples, examples
from tools.openapi.comments import Comments
from tools.openapi.schemas import Schemas

Tree = dict[str, Any]

# What every call can end with, whatever its comment says: refused by the proxy or a key,
# or not answered by the server.
_ALWAYS = {
    400: "The JSON or a parameter is wrong (JSON_*, *_PARAMETER).",
    401: "A key is needed, and none, a wrong one, or more than one was sent (UNAUTHENTICATED).",
    403: "The key's role is not for this (PERMISSION_DENIED), or, except for GET, a page of "
    "another site calls (CROSS_SITE).",
    429: "The key's calls come too fast (RATE_LIMITED), or there is too much to do (OVERLOADED); "
    "try again after Retry-After.",
    431: "The headers for the gRPC server are too long (HEADER_TOO_LARGE).",
    500: "The fault is the server's.",
    503: "The gRPC server does not answer (BACKEND_UNAVAILABLE), or the proxy stops (STOPPING).",
    504: "The gRPC server did not answer in time (BACKEND_TIMEOUT).",
}
_REASON = re.compile(r"\(([A-Z_]+)\)")
_WITH_BODY = {
    408: "The body did not arrive in time (REQUEST_TIMEOUT).",
    413: "The body is too large (PAYLOAD_TOO_LARGE).",
    415: "The body is not said to be JSON (UNSUPPORTED_MEDIA_TYPE).",
}


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation: where it goes in the document, and what it says."""

    path: str
    verb: str
    tree: Tree


def _header(name: str, text: str, kind: str) -> Tree:
    return {"headers": {name: {"description": text, "schema": {"type": kind}}}}


_WHEN = "Seconds until a retry may help."
_HEADERS = {
    401: _header("WWW-Authenticate", "The forms that a key may be sent in.", "string"),
    429: _header("Retry-After", _WHEN, "integer"),
    503: _header("Retry-After", _WHEN, "integer"),
}


def of(bindings: list[Binding], schemas: Schemas, comments: Comments) -> Iterator[Operation]:
    """Gives the operations of all bindings; further ones of an rpc are named in its first."""
    paths: dict[MethodDescriptor, list[str]] = {}
    for binding in bindings:
        paths.setdefault(binding.method, []).append(binding.path)
    for binding in bindings:
        method = binding.method
        first, *others = paths[method]
        if binding.path != first:
            continue
        yield Operation(
            path=binding.path,
            verb=binding.verb.lower(),
            tree={
                "operationId": f"{method.containing_service.name}_{method.name}",
                "tags": [method.containing_service.name],
                "summary": comments.summary(method.full_name),
                "description": f"{comments.text(method.full_name)}{also(others)}",
                **_request(binding, schemas, comments),
                "responses": _responses(binding, schemas, comments),
            },
        )


def tags(bindings: list[Binding], comments: Comments) -> list[Tree]:
    """Returns a tag for each service."""
    services = {each.method.containing_service.name: each for each in bindings}
    return [
        {"name": name, "description": comments.text(each.method.containing_service.full_name)}
        for name, each in services.items()
    ]


def refusals(method: str, comments: Comments, *, body: bool, wrong: Tree | None = None) -> Tree:
    """Returns the responses that refuse a call, with what the comment on its rpc says of them.

    Args:
        method: The rpc.
        comments: What the contract says of its parts.
        body: Whether a body is sent.
        wrong: Example of the error of a request that is wrong.
    """
    texts = {code: [text] for code, text in (_ALWAYS | (_WITH_BODY if body else {})).items()}
    for name, text in comments.statuses(method):
        texts.setdefault(_http_status(name, text), []).append(f"{name}: {text}")
    return {
        str(code): {
            **error("\n\n".join(lines), code, wrong if code == 400 else None),
            **_HEADERS.get(code, {}),
        }
        for code, lines in sorted(texts.items())
    }


def _http_status(code: str, text: str) -> int:
    """Returns the HTTP status of what a comment says, which may name one reason alone."""
    reasons = [Reason.__members__.get(name) for name in _REASON.findall(text)]
    own = reasons[0].http if len(reasons) == 1 and reasons[0] else None
    return own or HTTP_STATUS[Code.Value(code)]


def also(others: Iterable[str]) -> str:
    """Returns what the description of an operation says of its other paths."""
    return "".join(f"\n\nAlso at `{path}`." for path in others)


def error(description: str, code: int, example: Tree | None = None) -> Tree:
    """Returns the response of an error.

    Args:
        description: When it comes.
        code: Its HTTP status.
        example: Of its body, if that of the status is not the best.
    """
    content = {
        "schema": {"$ref": "#/components/schemas/Error"},
        "example": example or error_examples.of(code),
    }
    return {"description": description, "content": {"application/json": content}}


def _request(binding: Binding, schemas: Schemas, comments: Comments) -> Tree:
    kind = binding.method.input_type
    found: list[Tree] = []
    for field in binding.parameters:
        found += query(field, schemas, comments, kind)
    tree: Tree = {"parameters": found} if found else {}
    sent = binding.body_type
    if sent is not None:
        content: Tree = {"schema": schemas.request(sent)}
        example = examples.of(_message_name(sent))
        if example is not None:
            content["example"] = example
        tree["requestBody"] = {"content": {"application/json": content}, "required": False}
    return tree


def query(
    field: FieldDescriptor, schemas: Schemas, comments: Comments, kind: Descriptor
) -> Iterator[Tree]:
    """Gives the parameters that set a field of a request."""
    yield from _query(field, spelling(field), schemas, comments, {kind.full_name})


def _query(
    field: FieldDescriptor, path: str, schemas: Schemas, comments: Comments, above: set[str]
) -> Iterator[Tree]:
    kind = field.message_type
    if kind is None or kind.full_name.startswith("google.protobuf."):
        text = " ".join(comments.text(field.full_name).split())
        yield {
            "name": path,
            "in": "query",
            "description": text,
            "schema": schemas.request(field),
        }
    elif not field.is_repeated and kind.full_name not in above:
        for each in kind.fields:
            yield from _query(
                each, f"{path}.{spelling(each)}", schemas, comments, above | {kind.full_name}
            )


def _responses(binding: Binding, schemas: Schemas, comments: Comments) -> Tree:
    answered = binding.method.output_type
    content: Tree = {"schema": schemas.response(answered)}
    example = examples.of(_message_name(answered))
    if example is not None:
        content["example"] = example
    return {
        "200": {"description": "OK", "content": {"application/json": content}},
        **refusals(
            binding.method.full_name, comments, body=bool(binding.body), wrong=_wrong(binding)
        ),
    }


def _wrong(binding: Binding) -> Tree | None:
    sent = binding.body_type
    kind = sent.message_type if isinstance(sent, FieldDescriptor) else sent
    example = None if kind is None else examples.of(kind.full_name)
    return error_examples.of_misspelling(kind, example) if kind and example else None


def _message_name(kind: Descriptor | FieldDescriptor) -> str:
    if isinstance(kind, FieldDescriptor):
        if kind.is_repeated or kind.message_type is None:
            return ""
        return str(kind.message_type.full_name)
    return str(kind.full_name)
