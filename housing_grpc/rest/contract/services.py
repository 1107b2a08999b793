"""What the contract offers over HTTP: read from the google.api.http options of its rpcs."""

import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module

from google.api import annotations_pb2
from google.api.http_pb2 import HttpRule
from google.protobuf.descriptor import (
    Descriptor,
    FieldDescriptor,
    MethodDescriptor,
    ServiceDescriptor,
)

from housing_grpc.rest.http.template import Template

GENERATED = "housing"

WHOLE = "*"


class ContractError(Exception):
    """A google.api.http option that cannot be served; the text names the rpc."""


@dataclass(frozen=True, kw_only=True)
class Binding:
    """One way to call an rpc over HTTP.

    Attributes:
        method: The rpc.
        verb: The HTTP method.
        template: The path.
        body: Field that the body fills, "*" for the whole message, "" for none.
        response_body: Field that is answered, "" for the whole message.
    """

    method: MethodDescriptor
    verb: str
    template: Template
    body: str
    response_body: str

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
        taken = {self.body, *(path for path in self.template.variables if "." not in path)}
        return [field for field in self.method.input_type.fields if field.name not in taken]


def find(package: str = GENERATED) -> list[ServiceDescriptor]:
    """Returns every service of the generated package, in the order of their files."""
    root = import_module(package)
    modules = pkgutil.walk_packages(root.__path__, f"{package}.")
    found = (import_module(each.name) for each in modules if each.name.endswith("_pb2"))
    return [service for module in found for service in module.DESCRIPTOR.services_by_name.values()]


def bindings(services: list[ServiceDescriptor]) -> list[Binding]:
    """Returns every way in which the services' rpcs can be called over HTTP.

    Raises:
        ContractError: An option names what is not there, or a stream has one.
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
    verb, path = _pattern(rule)
    if method.client_streaming or method.server_streaming:
        raise ContractError(f"{method.full_name}: a stream has no form as one HTTP request")
    try:
        template = Template(path)
    except ValueError as error:
        raise ContractError(f"{method.full_name}: {error}") from error
    for name, message in ((rule.body, method.input_type), (rule.response_body, method.output_type)):
        if name not in ("", WHOLE) and name not in message.fields_by_name:
            raise ContractError(f"{method.full_name}: {message.full_name} has no field {name!r}")
    for variable in template.variables:
        if variable.partition(".")[0] not in method.input_type.fields_by_name:
            raise ContractError(f"{method.full_name}: {path} names no field with {variable!r}")
    return Binding(
        method=method,
        verb=verb,
        template=template,
        body=rule.body,
        response_body=rule.response_body,
    )


def _pattern(rule: HttpRule) -> tuple[str, str]:
    kind = rule.WhichOneof("pattern")
    if kind == "custom":
        return rule.custom.kind, rule.custom.path
    return kind.upper(), getattr(rule, kind)
