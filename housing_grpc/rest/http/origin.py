"""Keeps pages of other sites from making calls that change something, unless they are allowed."""

from functools import partial
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import Send

from housing_grpc.base import address
from housing_grpc.rest.http.errors import Reason, RestError
from housing_grpc.rest.http.exchange import REQUEST_ID, Exchange

_SAFE_VERBS = ("GET", "HEAD")
# Beside what a page may send and read of any answer.
_SENT = ("Authorization", "X-API-Key", "X-Request-ID", "traceparent", "tracestate")
_READ = ("Retry-After", "WWW-Authenticate", REQUEST_ID)
# What a browser calls a page of this very address, and what no page has asked for.
_OWN = ("", "same-origin", "none")
_USUAL_PORTS = {"http": ":80", "https": ":443"}


class Origins:
    """Tells pages that may call from others; a program sends no origin, and may.

    Args:
        listening: Address that is listened on. On loopback, a page that came by another
            name is none of ours, though its browser takes it for one: whoever owns a name
            can let it lead here.
        allowed: Origins whose pages may call in any case, as browsers write them.
    """

    def __init__(self, listening: str, allowed: frozenset[str]) -> None:
        self._only_loopback = address.is_loopback(listening)
        self._allowed = allowed
        # Its two halves, as a preflight is to be counted and logged like any request.
        self._cors = CORSMiddleware(
            _no_app,
            allow_origins=allowed,
            allow_methods=(*_SAFE_VERBS, "POST"),
            allow_headers=_SENT,
            expose_headers=_READ,
            allow_private_network=True,
        )

    def preflight(self, exchange: Exchange) -> Response | None:
        """Answers a browser that asks whether a page may make a call; None if it does not ask.

        It asks without a key, whatever the call needs.

        Raises:
            RestError: CROSS_SITE.
        """
        asks = exchange.header(b"access-control-request-method")
        if exchange.scope["method"] != "OPTIONS" or not (asks and exchange.header(b"origin")):
            return None
        if exchange.header(b"origin") not in self._allowed:
            raise _refusal()
        return self._cors.preflight_response(Headers(scope=exchange.scope))

    def readable(self, exchange: Exchange, send: Send) -> Send:
        """Returns what sends an answer so that a page that may call can read it."""
        if not self._allowed:
            return send
        return partial(self._cors.send, send=send, request_headers=Headers(scope=exchange.scope))

    def check(self, exchange: Exchange) -> None:
        """Refuses a call that a browser makes for the page of another site; GET changes nothing.

        Raises:
            RestError: CROSS_SITE.
        """
        if exchange.scope["method"] in _SAFE_VERBS:
            return
        origin = exchange.header(b"origin").strip().lower()
        if origin in self._allowed:
            return
        site = exchange.header(b"sec-fetch-site").strip().lower()
        if site not in _OWN or (origin and not self._is_own(origin, exchange.header(b"host"))):
            raise _refusal()

    def _is_own(self, origin: str, host: str) -> bool:
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        if self._only_loopback and not address.is_loopback(parts.hostname or ""):
            return False
        # A browser leaves out the port that is usual for the scheme; others may not.
        usual = _USUAL_PORTS.get(parts.scheme, "")
        return bool(parts.netloc) and parts.netloc.removesuffix(usual) == (
            host.strip().lower().removesuffix(usual)
        )


def _refusal() -> RestError:
    return RestError(
        reason=Reason.CROSS_SITE,
        message="a page of another site may not call this; call it from a program, or from a "
        "page of this address; other names of it, and sites that may, go into API_ALLOWED_ORIGINS",
    )


async def _no_app(*_: object) -> None:
    raise NotImplementedError
