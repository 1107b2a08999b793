"""Keeps pages of other sites from making calls that change something."""

from urllib.parse import urlsplit

from housing_grpc.base import address
from housing_grpc.rest.http.errors import Reason, RestError
from housing_grpc.rest.http.exchange import Exchange

_SAFE_VERBS = ("GET", "HEAD")
# What a browser calls a page of this very address, and what no page has asked for.
_OWN = ("", "same-origin", "none")
_USUAL_PORTS = {"http": ":80", "https": ":443"}


class Origins:
    """Tells pages that may call from others; a program sends no origin, and may.

    Args:
        listening: Address that is listened on. On loopback, a page that came by another
            name is none of ours, though its browser takes it for one: whoever owns a name
            can let it lead here.
        allowed: Origins whose pages may call in any case.
    """

    def __init__(self, listening: str, allowed: frozenset[str]) -> None:
        self._only_loopback = address.is_loopback(listening)
        self._allowed = allowed

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
            raise RestError(
                reason=Reason.CROSS_SITE,
                message="a page of another site may not call this; call it from a program, or "
                "from a page of this address; other names of it go into API_ALLOWED_ORIGINS",
            )

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
