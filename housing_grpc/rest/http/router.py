"""Finds what answers a method and a path."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from starlette.responses import Response

from housing_grpc.rest.http.errors import Reason, RestError
from housing_grpc.rest.http.exchange import Exchange

Endpoint = Callable[[Exchange], Awaitable[Response]]


@dataclass(frozen=True, kw_only=True)
class Route:
    """What answers one method on one path.

    Attributes:
        verb: The HTTP method; GET also answers HEAD.
        path: The path.
        endpoint: Answers.
    """

    verb: str
    path: str
    endpoint: Endpoint


class Router:
    """The routes.

    Args:
        routes: All of them.

    Raises:
        ValueError: Two are for the same method and path.
    """

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes: dict[str, dict[str, Route]] = {}
        for route in routes:
            verbs = self._routes.setdefault(route.path, {})
            if route.verb in verbs:
                raise ValueError(f"two routes for {route.verb} {route.path}")
            verbs[route.verb] = route

    def find(self, verb: str, path: str) -> Route:
        """Returns the route.

        Args:
            verb: The HTTP method.
            path: As it came, percent-encoded.

        Raises:
            RestError: NOT_FOUND or METHOD_NOT_ALLOWED.
        """
        verbs = self._routes.get(path, {})
        route = verbs.get("GET" if verb == "HEAD" else verb)
        if route is None:
            raise _refusal(verb, set(verbs))
        return route


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
