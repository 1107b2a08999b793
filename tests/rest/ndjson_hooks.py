"""Teaches schemathesis to send lines of JSON."""

from typing import Any

import schemathesis


@schemathesis.serializer("application/x-ndjson", "application/ndjson")
def ndjson(_context: schemathesis.SerializationContext, value: Any) -> bytes:
    return str(value).encode(errors="surrogatepass")
