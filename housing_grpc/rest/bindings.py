"""How the rpcs of the contract are called over HTTP: read from their google.api.http options.

Of what an option can say, this serves what the contract uses: get and post on a path without
variables, and a body that is the request, one of its fields, or nothing.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from google.api import annotations_pb2
from google.api.http_pb2 import HttpRule
from google.protobuf.descriptor import (
    Descriptor,
    FieldDescriptor,
    MethodDescriptor,
    ServiceDescriptor,
)
from housing.v1 import experiment_pb2, feedback_pb2, model_pb2, prediction_pb2

SERVICES: tuple[ServiceDescriptor, ...] = tuple(
    service
    for module in (model_pb2, prediction_pb2, feedback_pb2, experiment_pb2)
    for service in module.DESCRIPTOR.services_by_name.values()
)

WHOLE = "*"


class ContractError(Exception):
    """A google.api.http option that cannot be served; the text names the rpc."""


@dataclass(frozen=True, kw_only=True)
class Binding:
    """One way to call an rpc over HTTP.

    Attributes:
        method: The rpc.
        verb: The HTTP method.
        path: The path.
        body: Field that the body fills, "*" for the whole message, "" for none.
    """

    method: MethodDescriptor
    verb: str
    path: str
    body: str

    @property
    def body_type(self) -> Descriptor | FieldDescriptor | None:
        """What the body holds: a message, or a field of the request."""
        if self.body == WHOLE:
            return self.method.input_type
        return self.method.input_type.fields_by_name[self.body] if self.body else None

    @property
    def parameters(self) -> list[FieldDescriptor]:
        """Top-level fields of the request that the query may hold."""
        if self.body == WHOLE:
            return []
        return [field for field in self.method.input_type.fields if field.name != self.body]


def bindings(services: Iterable[ServiceDescriptor] = SERVICES) -> list[Binding]:
    """Returns every way in which the services' rpcs can be called over HTTP.

    Raises:
        ContractError: An option says what is not served.
    """
    return [
        _binding(method, rule)
        for service in services
        for method in service.methods
        for rule in _rules(method)
    ]


def _rules(method: MethodDescriptor) -> Iterator[HttpRule]:
    rule = method.GetOptions().Extensions[annotations_pb2.http]
    if rule.WhichOneof("pattern"):
        yield rule
        yield from rule.additional_bindings


def _binding(method: MethodDescriptor, rule: HttpRule) -> Binding:
    verb = rule.WhichOneof("pattern")
    path = getattr(rule, verb) if verb in ("get", "post") else ""
    served = path.startswith("/") and not set(path) & set("{}*") and not rule.response_body
    if not served or method.client_streaming or method.server_streaming:
        raise ContractError(
            f"{method.full_name}: only get and post of one message on a path without variables "
            "are served"
        )
    if rule.body not in ("", WHOLE) and rule.body not in method.input_type.fields_by_name:
        raise ContractError(
            f"{method.full_name}: {method.input_type.full_name} has no field {rule.body!r}"
        )
    return Binding(method=method, verb=verb.upper(), path=path, body=rule.body)
