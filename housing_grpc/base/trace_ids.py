"""The ids by which log lines of one trace are found: of W3C's `traceparent`, or of a span."""

import re
from collections.abc import Iterable
from typing import Any

_TRACEPARENT = re.compile(
    r"(?!ff)(?P<version>[0-9a-f]{2})-(?!0{32})(?P<trace>[0-9a-f]{32})-(?!0{16})(?P<span>[0-9a-f]{16})"
    r"-[0-9a-f]{2}(?P<more>-.*)?"
)


def of_headers(headers: Iterable[tuple[str, str | bytes]]) -> dict[str, str]:
    """Returns the caller's `trace_id` and `span_id`, or nothing if it sent none that are sound.

    Args:
        headers: Of a request, or metadata of a call; names in lower case.
    """
    for name, value in headers:
        if name == "traceparent" and isinstance(value, str):
            found = _TRACEPARENT.fullmatch(value)
            # Later versions may say more behind it.
            if found is None or (found["version"] == "00" and found["more"]):
                return {}
            return {"trace_id": found["trace"], "span_id": found["span"]}
    return {}


def of_span(span: Any) -> dict[str, str]:
    """Returns the ids of an OpenTelemetry span, also of one that is not sampled."""
    context = span.get_span_context()
    return {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}
