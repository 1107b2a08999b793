"""Path templates and options: what is understood, and what stops the start."""

import pytest
from google.api import annotations_pb2
from google.api.http_pb2 import HttpRule
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import ServiceDescriptor

from housing_grpc.rest.contract import services
from housing_grpc.rest.contract.services import ContractError
from housing_grpc.rest.http.errors import RestError
from housing_grpc.rest.http.exchange import Exchange
from housing_grpc.rest.http.router import Route, Router
from housing_grpc.rest.http.template import Template


@pytest.mark.parametrize(
    ("template", "path", "wanted"),
    [
        ("/v1/a", "/v1/a", {}),
        ("/v1/a", "/v1/A", None),
        ("/v1/a", "/v1/a/", None),
        ("/v1/{x}", "/v1/b", {"x": "b"}),
        ("/v1/{x}", "/v1/b/c", None),
        ("/v1/{x}", "/v1/", None),
        ("/v1/{x=**}", "/v1/b/c", {"x": "b/c"}),
        ("/v1/{x=**}", "/v1/", {"x": ""}),
        ("/v1/{x=a/*}/{y.z}", "/v1/a/b/c", {"x": "a/b", "y.z": "c"}),
        ("/v1/{x}:do", "/v1/b:do", {"x": "b"}),
        ("/v1/{x}:do", "/v1/b", None),
        ("/v1/*/b", "/v1/a/b", {}),
        ("/v1/{x}", "/v1/%2f%25", {"x": "/%"}),
        ("/v1/{x=**}", "/v1/a%2fb%20c", {"x": "a%2Fb c"}),
        ("/v1.0/a", "/v1x0/a", None),
    ],
)
def test_a_path_matches_or_not(template: str, path: str, wanted: dict[str, str] | None) -> None:
    assert Template(template).match(path) == wanted


@pytest.mark.parametrize("text", ["v1", "/v1/{x", "/v1/x}", "/{x}/{x}", "/{x={y}}", "", "/{}"])
def test_what_is_no_template(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no path template|names 'x' twice"):
        Template(text)


async def _nothing(_exchange: Exchange) -> None:
    raise AssertionError


def route(verb: str, path: str) -> Route:
    return Route(verb=verb, template=Template(path), endpoint=_nothing)  # type: ignore[arg-type]


def test_the_more_a_template_says_the_sooner_it_is_meant() -> None:
    router = Router([route("GET", path) for path in ("/{x}", "/{x}:do", "/a", "/{x=b*}")])
    found = [router.find("GET", path)[0].template.text for path in ("/a", "/c:do", "/c", "/bee")]
    assert found == ["/a", "/{x}:do", "/{x}", "/{x=b*}"]


def test_what_is_allowed_is_gathered_from_all_that_match() -> None:
    router = Router([route("GET", "/a"), route("PUT", "/{x}"), route("POST", "/{y}")])
    assert router.find("PUT", "/a")[1] == {"x": "a"}
    with pytest.raises(RestError) as caught:
        router.find("DELETE", "/a")
    assert caught.value.headers == {"allow": "GET, HEAD, POST, PUT"}


@pytest.mark.parametrize("path", ["/a", "/{x}"])
def test_two_routes_for_one_path_stop_the_start(path: str) -> None:
    with pytest.raises(ValueError, match="two routes for GET"):
        Router([route("GET", path), route("GET", path)])


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


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (HttpRule(post="/odd", body="nothing"), "odd.Odd has no field 'nothing'"),
        (HttpRule(get="/odd", response_body="nothing"), "odd.Odd has no field 'nothing'"),
        (HttpRule(get="/{nothing}"), "/{nothing} names no field with 'nothing'"),
        (HttpRule(get="odd"), "'odd' is no path template"),
    ],
)
def test_an_option_that_cannot_be_served_stops_the_start(rule: HttpRule, text: str) -> None:
    with pytest.raises(ContractError, match=f"^odd.Odds.Ask: {text}"):
        services.bindings([service_with(rule)])


def test_a_stream_with_an_option_stops_the_start() -> None:
    with pytest.raises(ContractError, match="a stream has no form as one HTTP request"):
        services.bindings([service_with(HttpRule(get="/odd"), streaming=True)])


def test_an_rpc_without_an_option_is_no_route() -> None:
    assert services.bindings([service_with(HttpRule())]) == []
