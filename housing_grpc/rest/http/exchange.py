"""One HTTP request on its way: its headers, its body, and what is known of it."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from google.rpc.status_pb2 import Status
from starlette.types import Receive, Scope

from housing_grpc.base import trace_ids
from housing_grpc.rest.http import status
from housing_grpc.rest.http.errors import ClientGoneError, Reason, RestError

REQUEST_ID = "x-request-id"

# Headers that the gRPC server gets as metadata, as often as they came.
_PASSED_ON = (b"x-api-key", b"traceparent", b"tracestate")
# Beside keys, browsers and other proxies send passwords in this header.
_AUTHORIZATION = b"authorization"
_BEARER = b"bearer "
_LONGEST_REQUEST_ID = 128
# gRPC servers take about 8 KiB of metadata, some of which is not from here.
_LONGEST_PASSED_ON = 4096
_ENTRY = 32  # What HTTP/2 counts for each beside its name and value.

Metadata = list[tuple[str, str]]
ErrorBody = Callable[[Status], Mapping[str, Any]]


@dataclass(slots=True, eq=False)
class Exchange:
    """One request.

    Attributes:
        scope: The request as ASGI gives it.
        receive: Where its body comes from.
        request_id: The caller's, or a new one.
        route: The path, if there is one such, or "none"; with the names of its variables.
        variables: What stands in their places.
        error_body: The form that an error has for this caller.
        answered: Whether the answer has begun.
    """

    scope: Scope
    receive: Receive
    request_id: str = ""
    route: str = "none"
    variables: Mapping[str, str] = field(default_factory=dict)
    error_body: ErrorBody = status.body
    answered: bool = False

    def __post_init__(self) -> None:
        self.request_id = _usable(self.header(b"x-request-id")) or uuid.uuid4().hex

    @property
    def path(self) -> str:
        """The path as it came, percent-encoded."""
        return str(self.scope["raw_path"].decode("ascii"))

    def header(self, name: bytes) -> str:
        """Returns a header, or "" if it is not there."""
        for key, value in self.scope["headers"]:
            if key == name:
                return str(value.decode("latin-1"))
        return ""

    def log_fields(self) -> dict[str, str]:
        """Returns what names the request in lines of the log: its id, and its caller's trace."""
        traceparent = self.header(b"traceparent")
        return {
            "request_id": self.request_id,
            **trace_ids.of_headers([("traceparent", traceparent)]),
        }

    def metadata(self) -> Metadata:
        """Returns what goes to the gRPC server beside the message.

        Raises:
            RestError: HEADER_TOO_LARGE.
        """
        passed: Metadata = [(REQUEST_ID, self.request_id)]
        for key, value in self.scope["headers"]:
            is_key = key == _AUTHORIZATION and value[: len(_BEARER)].lower() == _BEARER
            if key in _PASSED_ON or is_key:
                # Metadata is ASCII. A key that is not is none, and stays none in this form.
                passed.append((key.decode(), ascii(value.decode("latin-1"))[1:-1]))
        if sum(len(key) + len(value) + _ENTRY for key, value in passed) > _LONGEST_PASSED_ON:
            raise RestError(
                reason=Reason.HEADER_TOO_LARGE,
                message="X-API-Key, Authorization, traceparent and tracestate may hold "
                f"{_LONGEST_PASSED_ON} bytes together",
            )
        return passed

    @property
    def announces_body(self) -> bool:
        """Whether a body follows, by the headers."""
        length = self.header(b"content-length")
        return length.strip("0") != "" or self.header(b"transfer-encoding") != ""

    def check_media_type(self, accepted: Sequence[str], *, needed: bool) -> None:
        """Refuses a body that is not what it has to be.

        Args:
            accepted: The media types; the first is recommended.
            needed: Whether there is a body, which has to have one.

        Raises:
            RestError: UNSUPPORTED_MEDIA_TYPE.
        """
        found = self.header(b"content-type")
        media_type, _, parameters = found.partition(";")
        charset = parameters.strip().lower()
        encoding = self.header(b"content-encoding")
        if needed and not media_type.strip():
            raise _unsupported(f"send Content-Type: {accepted[0]} with the body")
        if media_type.strip().lower() not in ("", *accepted):
            raise _unsupported(f"send Content-Type: {accepted[0]}, not {media_type.strip()[:60]}")
        if charset.startswith("charset=") and charset[8:].strip('"') not in ("utf-8", "us-ascii"):
            raise _unsupported(f"send UTF-8, not {parameters.strip()[:60]}")
        if encoding.lower() not in ("", "identity"):
            raise _unsupported(
                f"send the body as it is, not with Content-Encoding: {encoding[:60]}"
            )

    async def parts(self) -> AsyncIterator[bytes]:
        """Gives the body as it comes.

        Raises:
            ClientGoneError: The caller has hung up.
        """
        more = True
        while more:
            message: Any = await self.receive()
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            more = message.get("more_body", False)
            if message.get("body"):
                yield message["body"]

    async def hung_up(self) -> None:
        """Returns when the caller has hung up; all of the body has been read."""
        while (await self.receive())["type"] != "http.disconnect":
            pass

    async def body(self, limit: int, seconds: float) -> bytes:
        """Returns the whole body.

        Args:
            limit: Most bytes.
            seconds: Time that it has to arrive.

        Raises:
            RestError: PAYLOAD_TOO_LARGE or REQUEST_TIMEOUT.
            ClientGoneError: The caller has hung up.
        """
        # Without the zeros before it, of which there may be more than a number may have digits.
        announced = self.header(b"content-length").lstrip("0")
        if announced.isdecimal() and (len(announced) > len(str(limit)) or int(announced) > limit):
            raise _too_large(limit)
        read = bytearray()
        try:
            async with asyncio.timeout(seconds):
                async for part in self.parts():
                    read += part
                    if len(read) > limit:
                        raise _too_large(limit)
        except TimeoutError:
            raise RestError(
                reason=Reason.REQUEST_TIMEOUT,
                message=f"the body did not arrive within {seconds:g} s",
                headers={"connection": "close"},
            ) from None
        return bytes(read)


def _usable(request_id: str) -> str:
    fine = request_id.isascii() and request_id.isprintable()
    return request_id[:_LONGEST_REQUEST_ID] if fine else ""


def _too_large(limit: int) -> RestError:
    return RestError(
        reason=Reason.PAYLOAD_TOO_LARGE,
        message=f"the body is larger than {limit} bytes; send it in parts, or as a stream",
    )


def _unsupported(message: str) -> RestError:
    return RestError(reason=Reason.UNSUPPORTED_MEDIA_TYPE, message=message)
