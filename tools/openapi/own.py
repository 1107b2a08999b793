"""What the proxy answers beside the contract, and the shape of its errors."""

from typing import Any

from housing_grpc.base.version import VERSION
from tools.openapi.operations import also, error

Tree = dict[str, Any]

TAG: Tree = {"name": "Proxy", "description": "What the proxy answers itself."}

_STATUS = {"type": "string", "examples": ["SERVING"]}


def schemas() -> Tree:
    """Returns the schemas that no message has."""
    detail = {
        "type": "object",
        "description": "A message of google.rpc, such as ErrorInfo, BadRequest or RetryInfo.",
        "properties": {"@type": {"type": "string"}},
        "required": ["@type"],
    }
    return {
        "Status": _object(
            {
                "code": {"type": "integer", "description": "The HTTP status."},
                "message": {"type": "string", "description": "What is wrong, in one line."},
                "status": {"type": "string", "description": "The gRPC code's name."},
                "details": {"type": "array", "items": detail},
            }
        ),
        "Error": _object({"error": {"$ref": "#/components/schemas/Status"}}),
        "Health": {
            "type": "object",
            "properties": {
                "status": _STATUS,
                "proxy_version": {"type": "string"},
                "reason": {"type": "string", "description": "Why the status is not known."},
            },
            "required": ["status", "proxy_version"],
        },
    }


def paths() -> Tree:
    """Returns the paths that no rpc has."""
    health = {"$ref": "#/components/schemas/Health"}
    return {
        "/": _get(
            "Index", "Lists what there is; a browser gets a form instead.",
            {"application/json": {"schema": {"type": "object"}}, "text/html": {}},
        ),
        "/health": _get(
            "Health", "Tells whether predictions can be had.",
            {"application/json": {
                "schema": health,
                "example": {"status": "SERVING", "proxy_version": VERSION},
            }},
            {"503": {
                "description": "No prediction can be had now.",
                "content": {"application/json": {
                    "schema": health,
                    "example": {"status": "NOT_SERVING", "proxy_version": VERSION},
                }},
            }},
            also(["/v1/health"]),
        ),
        "/metrics": _get(
            "Metrics", "Counts requests, in the text form of Prometheus.",
            {"text/plain": {"schema": {"type": "string"}}},
        ),
    }  # fmt: skip


def _get(
    name: str, summary: str, content: Tree, others: Tree | None = None, more: str = ""
) -> Tree:
    return {
        "get": {
            "operationId": f"Proxy_{name}",
            "tags": [TAG["name"]],
            "summary": summary,
            "description": f"{summary}{more}",
            "security": [],
            "responses": {
                "200": {"description": "OK", "content": content},
                **(others or {}),
                "500": error("The fault is the proxy's.", 500),
            },
        }
    }


def _object(properties: Tree) -> Tree:
    return {"type": "object", "properties": properties, "required": list(properties)}
