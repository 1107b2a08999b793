"""Finds what answers a method and a path."""

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import unquote

from starlette.responses import Response

from housing_grpc.rest.http import status
from housing_grpc.rest.http.errors import Reason, RestError
from housing_grpc.rest.http.exchange import ErrorBody, Exchange

Endpoint = Callable[[Exchange], Awaitable[Response]]

_VARIABLE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, kw_only=True)
class Route:
    """What answers one method on one path.

    Attributes:
        verb: The HTTP method; GET also answers HEAD.
        path: The path; what stands in braces is a variable, part of one segment.
        endpoint: Answers.
        error_body: The form that errors have here.
    """

    verb: str
    path: str
    endpoint: Endpoint
    error_body: ErrorBody = status.body

    @cached_property
    def pattern(self) -> re.Pattern[str] | None:
        """What the path is matched with, or None where it has no variables."""
        texts = _VARIABLE.split(self.path)
        for place, text in enumerate(texts):
            texts[place] = f"(?P<{text}>[^/:]+)" if place % 2 else re.escape(text)
        return re.compile("".join(texts)) if len(texts) > 1 else None

    def variables(self, path: str) -> dict[str, str]:
        """Returns the values that the variables have in a path, decoded."""
        found = self.pattern.fullmatch(path) if self.pattern else None
        return {name: unquote(text) for name, text in found.groupdict().items()} if found else {}


class Router:
    """The routes.

    Args:
        routes: All of them.

    Raises:
        ValueError: Two are for the same method and path.
    """

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes: dict[str, dict[str, Route]] = {}
        self._patterns: dict[re.Pattern[str], str] = {}
        for route in routes:
            verbs = self._routes.setdefault(route.path, {})
            if route.verb in verbs:
                raise ValueError(f"two routes for {route.verb} {route.path}")
            verbs[route.verb] = route
            if route.pattern:
                self._patterns[route.pattern] = route.path

    def find(self, verb: str, path: str) -> Route:
        """Returns the route.

        Args:
            verb: The HTTP method.
            path: As it came, percent-encoded.

        Raises:
            RestError: NOT_FOUND or METHOD_NOT_ALLOWED.
        """
        verbs = self._routes.get(path) or self._routes.get(self._template(path), {})
        route = verbs.get("GET" if verb == "HEAD" else verb)
        if route is None:
            raise _refusal(verb, set(verbs))
        return route

    def _template(self, path: str) -> str:
        return next((route for each, route in self._patterns.items() if each.fullmatch(path)), "")


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
