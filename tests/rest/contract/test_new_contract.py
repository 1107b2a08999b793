"""A new rpc with an option is a new route, without a line of proxy code."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from google.protobuf.message import Message

from housing_grpc.rest.contract import services
from tests.rest.answers import refused
from tests.rest.scripted import Scripted

Ask = Callable[..., httpx.Response]


@pytest.fixture
def ask(atlas: Any, atlas_server: Scripted, atlas_client: httpx.Client) -> Ask:
    """Calls a proxy of the contract; the server answers with what it was sent."""
    scripted, client = atlas_server, atlas_client

    def call(verb: str, path: str, body: Any = None) -> httpx.Response:
        scripted.answer = lambda data, _context: (
            data if "Find" in scripted.method else atlas.DrawResponse(
                map=atlas.DrawRequest.FromString(data).map, numbers=[1, 2**60]
            ).SerializeToString()
        )  # fmt: skip
        url = httpx.URL(f"{client.base_url}", raw_path=path.encode())
        return client.request(verb, url, json=body)

    return call


def request_of(server: Scripted, kind: Any) -> Message:
    message: Message = kind.FromString(server.data)
    return message


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/v1/shelves/a/maps/b", {"name": "shelves/a/maps/b"}),
        ("/v1/shelves/a%20b/maps/%C3%A9", {"name": "shelves/a b/maps/é"}),
        ("/v1/shelves/a%2Fb/maps/c", {"name": "shelves/a%2Fb/maps/c"}),
        ("/maps/a/b/c:find", {"name": "a/b/c"}),
        ("/maps/7", {"id": 7}),
        ("/maps/7?style=STYLE_INK&height=1.5&bend.degrees=3", {
            "id": 7, "style": 1, "height": 1.5, "bend": {"degrees": 3},
        }),
        ("/maps/7?HEIGHT=-2e3&style=1", {"id": 7, "style": 1, "height": -2000}),
    ],
)  # fmt: skip
def test_paths_and_parameters_become_the_message(
    ask: Ask, atlas: Any, atlas_server: Scripted, path: str, wanted: dict[str, Any]
) -> None:
    assert ask("GET", path).status_code == 200
    assert atlas_server.method == "/atlas.v1.Maps/Find"
    bend = atlas.Bend(**wanted.pop("bend")) if "bend" in wanted else None
    assert request_of(atlas_server, atlas.Map) == atlas.Map(**wanted, bend=bend)


@pytest.mark.parametrize(
    ("path", "reason", "field"),
    [
        ("/maps/x", "INVALID_PARAMETER", "id"),
        ("/maps/9223372036854775808", "INVALID_PARAMETER", "id"),
        ("/maps/7?hight=1", "UNKNOWN_PARAMETER", "hight"),
        ("/maps/7?height=x", "INVALID_PARAMETER", "height"),
        ("/maps/7?height=nan", "INVALID_PARAMETER", "height"),
        ("/maps/7?height=1&height=2", "INVALID_PARAMETER", "height"),
        ("/maps/7?height=1&HEIGHT=2", "INVALID_PARAMETER", "HEIGHT"),
        ("/maps/7?height.x=1", "INVALID_PARAMETER", "height.x"),
        ("/maps/7?bend=1", "INVALID_PARAMETER", "bend"),
        ("/maps/7?inner.name=1", "INVALID_PARAMETER", "inner.name"),
        ("/maps/7?style=STYLE_OIL", "INVALID_PARAMETER", "style"),
        ("/maps/7?straight=1&bend.degrees=2", "INVALID_PARAMETER", "bend"),
        ("/maps/7?id=8", "UNKNOWN_PARAMETER", "id"),
        ("/maps/7?bend.degrees=1e39", "INVALID_PARAMETER", "bend.degrees"),
    ],
)
def test_parameters_are_as_strict_as_bodies(ask: Ask, path: str, reason: str, field: str) -> None:
    assert refused(ask("GET", path)) == (400, reason, [field])


def test_a_field_as_body_the_rest_as_parameters(
    ask: Ask, atlas: Any, atlas_server: Scripted
) -> None:
    query = (
        "shade_level=0.5&colours=red&colours=blue&framed=true&style=1&copies=3"
        "&due_by=2026-01-02T03:04:05Z&mask=map.name"
    )
    response = ask("PUT", f"/v1/maps/north?{query}", {"HEIGHT": 3, "inner": [{"name": "in"}]})
    assert response.json() == {
        "name": "north", "id": 0, "style": "STYLE_UNSPECIFIED", "HEIGHT": 3.0,
        "inner": [{"name": "in", "id": 0, "style": "STYLE_UNSPECIFIED", "inner": []}],
    }  # fmt: skip
    wanted = atlas.DrawRequest(
        map=atlas.Map(name="north", height=3, inner=[atlas.Map(name="in")]),
        shade_level=0.5, colours=["red", "blue"], framed=True, style=1,
    )  # fmt: skip
    wanted.due_by.FromJsonString("2026-01-02T03:04:05Z")
    wanted.copies.value = 3
    wanted.mask.paths.append("map.name")
    assert request_of(atlas_server, atlas.DrawRequest) == wanted


@pytest.mark.parametrize(
    ("line", "body"),
    [("PATCH /v1/maps/x", {"map": {"id": "5"}}), ("DELETE /v1/maps/x?map.id=5", None)],
)
def test_further_bindings_of_the_same_method(
    ask: Ask, atlas: Any, atlas_server: Scripted, line: str, body: Any
) -> None:
    answer = ask(*line.split(), body).json()
    assert answer["numbers"] == [1, str(2**60)]
    wanted = atlas.DrawRequest(map=atlas.Map(name="x", id=5))
    assert request_of(atlas_server, atlas.DrawRequest) == wanted


def test_a_verb_of_its_own_and_a_part_of_the_answer(ask: Ask) -> None:
    assert ask("REPORT", "/v1/maps").status_code == 200
    response = ask("POST", "/v1/maps:lots", {"a_double": 1})
    assert response.json() == [1, str(2**60)]
    assert refused(ask("POST", "/v1/maps:lots", {"more": {"a_duble": 1}})) == (
        400, "JSON_UNKNOWN_FIELD", ["more.a_duble"],
    )  # fmt: skip


def test_the_description_tells_of_it(ask: Ask) -> None:
    document = ask("GET", "/openapi.json").json()
    find = document["paths"]["/v1/{name}"]["get"]
    assert find["summary"] == "Finds a map"
    assert "NOT_FOUND: there is none (NO_MAP)." in find["responses"]["404"]["description"]
    draw = document["paths"]["/v1/maps/{map.name}"]["put"]
    names = [each["name"] for each in draw["parameters"]]
    assert names[:4] == ["map.name", "shade_level", "colours", "framed"]


def test_an_option_that_cannot_be_served_stops_the_start(atlas: Any) -> None:
    found = services.find("atlas")
    assert [each.full_name for each in found] == ["atlas.v1.Maps"]
    assert len(services.bindings(found)) == 8
