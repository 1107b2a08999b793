"""Calls to the standard health service."""

from collections.abc import Iterator
from typing import Any

from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.support.client import SECONDS, Client

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN


def stub(client: Client) -> Any:
    """Returns the stub of the service."""
    return health_pb2_grpc.HealthStub(client.channel)


def check(client: Client, name: str = "") -> health_pb2.HealthCheckResponse:
    """Asks once."""
    request = health_pb2.HealthCheckRequest(service=name)
    answer = stub(client).Check(request, timeout=SECONDS)
    assert isinstance(answer, health_pb2.HealthCheckResponse)
    return answer


def watch(client: Client, name: str = "") -> Iterator[int]:
    """Yields the status at each change."""
    request = health_pb2.HealthCheckRequest(service=name)
    return (each.status for each in stub(client).Watch(request, timeout=SECONDS))
