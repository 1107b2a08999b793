"""One call: of which method, by whom, and under which request id."""

import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.descriptor import MethodDescriptor

from housing_grpc.access.callers import Caller
from housing_grpc.base import trace_ids
from housing_grpc.base.errors import ServingError

REQUEST_ID = "x-request-id"

_LONGEST_REQUEST_ID = 128

Metadata = Iterable[tuple[str, str | bytes]]


class Method:
    """A method of a service.

    Args:
        descriptor: From the generated module.
    """

    def __init__(self, descriptor: MethodDescriptor) -> None:
        self.descriptor = descriptor
        self.name: str = descriptor.name
        self.service: str = descriptor.containing_service.full_name
        self.full_name = f"{self.service}.{self.name}"
        self.path = f"/{self.service}/{self.name}"
        self.streams: bool = descriptor.client_streaming and descriptor.server_streaming


@dataclass(slots=True)
class Call:
    """What is known of a call, from when its headers have come."""

    method: Method
    request_id: str
    """As the caller gave it, or ""."""
    begun: float = field(default_factory=time.perf_counter)
    """When its headers came, so that the wait for a worker counts."""
    caller: Caller | None = None
    refusal: ServingError | None = None
    """Why it was not let in after all, when its message came."""
    metadata: Metadata = ()
    """What came with it, as far as it may be read."""
    span: Any = None

    def identified(self) -> str:
        """Returns the request id, made now if the caller gave none."""
        self.request_id = self.request_id or uuid.uuid4().hex
        return self.request_id

    def trace_ids(self) -> dict[str, str]:
        """Returns what names its span, or that of its caller if none is made here."""
        return (
            trace_ids.of_headers(self.metadata)
            if self.span is None
            else trace_ids.of_span(self.span)
        )


def request_id_of(metadata: Metadata) -> str:
    """Returns the caller's request id, or "" if there is none that can be used."""
    for name, value in metadata:
        if name == REQUEST_ID and isinstance(value, str):
            text = value[:_LONGEST_REQUEST_ID]
            if text.isascii() and text.isprintable():
                return text
    return ""
