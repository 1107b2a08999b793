"""What is expected of answers over HTTP."""

from typing import Any

import httpx

HOUSE = {
    "CRIM": 0.00632, "ZN": 18.0, "INDUS": 2.31, "CHAS": 0, "NOX": 0.538, "RM": 6.575,
    "AGE": 65.2, "DIS": 4.09, "RAD": 1, "TAX": 296.0, "PTRATIO": 15.3, "B": 396.9, "LSTAT": 4.98,
}  # fmt: skip

TYPE = "type.googleapis.com/google.rpc."


def error(
    code: int,
    status: str,
    reason: str,
    message: str,
    *,
    violations: dict[str, str] | None = None,
    retry: str | None = None,
) -> dict[str, Any]:
    """Returns the whole body of an error."""
    details: list[dict[str, Any]] = [
        {"@type": f"{TYPE}ErrorInfo", "reason": reason, "domain": "housing.v1"}
    ]
    if violations:
        told = [{"field": field, "description": text} for field, text in violations.items()]
        details.append({"@type": f"{TYPE}BadRequest", "field_violations": told})
    if retry:
        details.append({"@type": f"{TYPE}RetryInfo", "retry_delay": retry})
    return {"error": {"code": code, "message": message, "status": status, "details": details}}


def refused(response: httpx.Response) -> tuple[int, str, list[str]]:
    """Returns status, reason and fields at fault of an error whose texts are not compared."""
    body = response.json()["error"]
    assert body["code"] == response.status_code
    details = {detail["@type"].removeprefix(TYPE): detail for detail in body["details"]}
    told = details.get("BadRequest", {}).get("field_violations", [])
    fields = [violation["field"] for violation in told]
    return response.status_code, details["ErrorInfo"]["reason"], fields
