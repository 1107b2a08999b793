"""Calls to the reflection service."""

from collections.abc import Iterator
from typing import Any

from grpc_reflection.v1alpha.reflection_pb2 import (
    ServerReflectionRequest,
    ServerReflectionResponse,
)

from tests.support.client import SECONDS, Client

PACKAGES = ["grpc.reflection.v1", "grpc.reflection.v1alpha"]


def asked(
    client: Client, package: str, *requests: ServerReflectionRequest
) -> Iterator[ServerReflectionResponse]:
    """Asks under one of the service's names; yields the answers."""
    call: Any = client.channel.stream_stream(
        f"/{package}.ServerReflection/ServerReflectionInfo",
        ServerReflectionRequest.SerializeToString,
        ServerReflectionResponse.FromString,
    )
    answers: Iterator[ServerReflectionResponse] = call(iter(requests), timeout=SECONDS)
    return answers
