"""The standard health service, without a package for it.

Its two messages have one field each. They are made here, in a pool of their own,
so that they do not clash with the ones of grpcio-health-checking where a program
has both.
"""

from enum import StrEnum
from typing import Any

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

_PACKAGE = "grpc.health.v1"
CHECK = f"/{_PACKAGE}.Health/Check"
WATCH = f"/{_PACKAGE}.Health/Watch"


class Health(StrEnum):
    """What a server says of itself, or that it says nothing."""

    UNKNOWN = "UNKNOWN"
    SERVING = "SERVING"
    NOT_SERVING = "NOT_SERVING"
    SERVICE_UNKNOWN = "SERVICE_UNKNOWN"
    UNREACHABLE = "UNREACHABLE"


_BY_NUMBER = (Health.UNKNOWN, Health.SERVING, Health.NOT_SERVING, Health.SERVICE_UNKNOWN)


def _messages() -> tuple[Any, Any]:
    file = FileDescriptorProto(name="health.proto", package=_PACKAGE, syntax="proto3")
    for name, field, kind in (
        ("HealthCheckRequest", "service", FieldDescriptorProto.TYPE_STRING),
        # An enum, which has the wire form of a number.
        ("HealthCheckResponse", "status", FieldDescriptorProto.TYPE_INT32),
    ):
        message = file.message_type.add(name=name)
        optional = FieldDescriptorProto.LABEL_OPTIONAL
        message.field.add(name=field, number=1, type=kind, label=optional)
    pool = DescriptorPool()
    pool.Add(file)
    found = (pool.FindMessageTypeByName(f"{_PACKAGE}.{each.name}") for each in file.message_type)
    request, response = map(GetMessageClass, found)
    return request, response


_Request, _Response = _messages()


def health_request(service: str) -> bytes:
    """Returns the request for the health of a service; "" is the whole server."""
    data: bytes = _Request(service=service).SerializeToString()
    return data


def health_answer(data: bytes) -> Health:
    """Returns what a response says."""
    number: int = _Response.FromString(data).status
    return _BY_NUMBER[number] if 0 <= number < len(_BY_NUMBER) else Health.UNKNOWN
