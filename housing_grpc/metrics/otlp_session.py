"""How spans are sent over HTTP: of an answer, no more is read than a collector has to say."""

import io
from typing import Any

import requests

_MOST_BYTES = 64 * 1024


class BoundedSession(requests.Session):
    """Takes the beginning of an answer, where the library would hold gigabytes of it."""

    def send(self, request: requests.PreparedRequest, **named: Any) -> requests.Response:
        """Sends a request, and returns the answer with the beginning of its body."""
        response = super().send(request, **{**named, "stream": True})
        # guard: an answer of a collector without end
        content = response.raw.read(_MOST_BYTES)
        if len(content) >= _MOST_BYTES:
            response.close()
        response.raw = io.BytesIO(content)
        return response
