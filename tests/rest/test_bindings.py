"""Options of the contract and routes: what is served, and what stops the start."""

import pytest
from google.api import annotations_pb2
from google.api.http_pb2 import CustomHttpPattern, HttpRule
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import ServiceDescriptor

from housing_grpc.rest import bindings
from housing_grpc.rest.bindings import ContractError
from housing_grpc.rest.http.errors import RestError
from housing_grpc.rest.http.exchange import Exchange
from housing_grpc.rest.http.router import Route, Router
from tests.support.errors import raised


async def _nothing(_exchange: Exchange) -> None:
    raise AssertionError


def route(verb: str, path: str) -> Route:
    return Route(verb=verb, path=path, endpoint=_nothing)  # type: ignore[arg-type]


def test_a_path_is_found_as_it_is_written() -> None:
    router = Router([route("GET", "/a"), route("POST", "/a"), route("GET", "/a/b")])
    assert router.find("POST", "/a").verb == "POST"
    assert router.find("HEAD", "/a/b").path == "/a/b"
    for path in ("/A", "/a/", "/", "/%61"):
        assert raised(RestError, router.find, "GET", path).reason == "NOT_FOUND"
    assert raised(RestError, router.find, "DELETE", "/a").headers == {"allow": "GET, HEAD, POST"}


def test_two_routes_for_one_path_stop_the_start() -> None:
    with pytest.raises(ValueError, match="two routes for GET"):
        Router([route("GET", "/a"), route("GET", "/a")])


def service_with(rule: HttpRule, *, streaming: bool = False) -> ServiceDescriptor:
    file = descriptor_pb2.FileDescriptorProto(name="odd.proto", package="odd", syntax="proto3")
    message = file.message_type.add(name="Odd")
    message.field.add(name="name", number=1, type=9, label=1, json_name="name")
    method = file.service.add(name="Odds").method.add(
        name="Ask", input_type=".odd.Odd", output_type=".odd.Odd", server_streaming=streaming
    )
    method.options.Extensions[annotations_pb2.http].CopyFrom(rule)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found: ServiceDescriptor = pool.FindServiceByName("odd.Odds")
    return found


ONLY = "only get and post of one message on a path without variables are served"


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (HttpRule(post="/odd", body="nothing"), "odd.Odd has no field 'nothing'"),
        (HttpRule(get="/odd", response_body="name"), ONLY),
        (HttpRule(get="/{name}"), ONLY),
        (HttpRule(get="/odd/*"), ONLY),
        (HttpRule(get="odd"), ONLY),
        (HttpRule(put="/odd"), ONLY),
        (HttpRule(custom=CustomHttpPattern(kind="REPORT", path="/odd")), ONLY),
    ],
)
def test_an_option_that_cannot_be_served_stops_the_start(rule: HttpRule, text: str) -> None:
    with pytest.raises(ContractError, match=f"^odd.Odds.Ask: {text}"):
        bindings.bindings([service_with(rule)])


def test_a_stream_with_an_option_stops_the_start() -> None:
    with pytest.raises(ContractError, match=ONLY):
        bindings.bindings([service_with(HttpRule(get="/odd"), streaming=True)])


def test_an_rpc_without_an_option_is_no_route() -> None:
    assert bindings.bindings([service_with(HttpRule())]) == []
