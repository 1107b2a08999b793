"""Finds what answers a method and a path."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from starlette.responses import Response

from housing_grpc.rest.http.errors import Reason, RestError
from housing_grpc.rest.http.exchange import Exchange
from housing_grpc.rest.http.template import Template

Endpoint = Callable[[Exchange], Awaitable[Response]]


@dataclass(frozen=True, kw_only=True)
class Route:
    """What answers one method on one path.

    Attributes:
        verb: The HTTP method; GET also answers HEAD.
        template: The path.
        endpoint: Answers.
    """

    verb: str
    template: Template
    endpoint: Endpoint


class Router:
    """The routes; a constant path goes before one with variables.

    Args:
        routes: All of them.

    Raises:
        ValueError: Two are for the same method and path.
    """

    def __init__(self, routes: Iterable[Route]) -> None:
        self._constant: dict[str, dict[str, Route]] = {}
        self._variable: dict[str, dict[str, Route]] = {}
        self._templates: list[Template] = []
        for route in routes:
            self._add(route)
        self._templates.sort(key=lambda template: -template.literals)

    def find(self, verb: str, path: str) -> tuple[Route, dict[str, str]]:
        """Returns the route, and what the variables of its path hold.

        Args:
            verb: The HTTP method.
            path: As it came, percent-encoded.

        Raises:
            RestError: NOT_FOUND or METHOD_NOT_ALLOWED.
        """
        wanted = "GET" if verb == "HEAD" else verb
        constant = self._constant.get(path, {})
        if wanted in constant:
            return constant[wanted], {}
        allowed = set(constant)
        for template in self._templates:
            variables = template.match(path)
            if variables is not None:
                routes = self._variable[template.text]
                if wanted in routes:
                    return routes[wanted], variables
                allowed |= set(routes)
        raise _refusal(verb, allowed)

    def _add(self, route: Route) -> None:
        text = route.template.text
        table = self._constant if route.template.constant else self._variable
        if table is self._variable and text not in table:
            self._templates.append(route.template)
        if route.verb in table.setdefault(text, {}):
            raise ValueError(f"two routes for {route.verb} {text}")
        table[text][route.verb] = route


def _refusal(verb: str, allowed: set[str]) -> RestError:
    if not allowed:
        return RestError(
            reason=Reason.NOT_FOUND, message="there is no such path; GET / lists what there is"
        )
    verbs = sorted(allowed | {"HEAD"} if "GET" in allowed else allowed)
    return RestError(
        reason=Reason.METHOD_NOT_ALLOWED,
        message=f"{verb} is not allowed here; use {' or '.join(verbs)}",
        headers={"allow": ", ".join(verbs)},
    )
