"""The ASGI application: every request gets an answer, an id and a count; a failed one is logged."""

import asyncio
import time

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from housing_grpc.rest.connection.protocol import CROWDED
from housing_grpc.rest.http import errors, status
from housing_grpc.rest.http.errors import ClientGoneError, RestError
from housing_grpc.rest.http.exchange import REQUEST_ID, Exchange
from housing_grpc.rest.http.failures import FailureLog, public_status
from housing_grpc.rest.http.hosts import Hosts
from housing_grpc.rest.http.origin import Origins
from housing_grpc.rest.http.router import Router
from housing_grpc.rest.metrics import Metrics

_GONE = 499


class Proxy:
    """The application.

    Args:
        router: Finds what answers.
        metrics: Counts requests.
        origins: Whose pages may call.
        hosts: The names that callers may use.
        failures: Where requests that fail are logged.
    """

    def __init__(
        self,
        router: Router,
        metrics: Metrics,
        origins: Origins,
        hosts: Hosts,
        failures: FailureLog,
    ) -> None:
        self._router = router
        self._metrics = metrics
        self._origins = origins
        self._hosts = hosts
        self._failures = failures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            raise RuntimeError(f"only HTTP is served, not {scope['type']}")
        started = time.perf_counter()
        exchange = Exchange(scope, receive)
        send = self._origins.readable(exchange, send)
        code = _GONE
        try:
            code = await self._answer(exchange, send)
        except ClientGoneError as error:
            self._failures.record(exchange, error)
        except asyncio.CancelledError:
            # The time to finish at a stop is over; nothing else cancels a request.
            self._failures.record(exchange, errors.stopping())
            if not exchange.answered:
                code = await _send(_refusal(errors.stopping(), exchange), exchange, send)
        except Exception as error:
            self._failures.record(exchange, error)
            if exchange.answered:
                raise
            code = await _send(_refusal(error, exchange), exchange, send)
        finally:
            seconds = time.perf_counter() - started
            self._metrics.observe(scope["method"], exchange.route, code, seconds)

    async def _answer(self, exchange: Exchange, send: Send) -> int:
        self._hosts.check(exchange)
        preflight = self._origins.preflight(exchange)
        if preflight is not None:
            return await _send(preflight, exchange, send)
        route = self._router.find(exchange.scope["method"], exchange.path)
        exchange.route, exchange.error_body = route.path, route.error_body
        exchange.variables = route.variables(exchange.path)
        self._origins.check(exchange)
        if exchange.scope["state"][CROWDED]:
            raise errors.crowded()
        return await _send(await route.endpoint(exchange), exchange, send)


async def _send(response: Response, exchange: Exchange, send: Send) -> int:
    response.headers[REQUEST_ID] = exchange.request_id
    exchange.answered = True
    await response(exchange.scope, exchange.receive, send)
    return response.status_code


def _refusal(error: Exception, exchange: Exchange) -> Response:
    response = status.response(public_status(error), exchange.error_body)
    if isinstance(error, RestError):
        response.headers.update(error.headers)
    return response
