"""Keeps pages of other sites from reading answers, by a name that they let lead here.

Whoever owns a name can let it lead to any address (DNS rebinding); a browser then takes this
proxy for the page's own site. The header Host still has the name.
"""

from functools import lru_cache

from housing_grpc.base import address
from housing_grpc.rest.http.errors import Reason, RestError
from housing_grpc.rest.http.exchange import Exchange

_HEADER = b"host"
_MOST_KNOWN = 256


class Hosts:
    """Tells the names that this proxy may be called by.

    Args:
        listening: Address that is listened on. On loopback, names of loopback are fine.
        allowed: Names that are fine in any case, without a port. If there are none, and other
            machines are served, all are; and so are addresses, as nobody can let one lead
            elsewhere: probes and scrapers call pods by theirs.
    """

    def __init__(self, listening: str, allowed: frozenset[str]) -> None:
        self._only_loopback = address.is_loopback(listening)
        self._allowed = allowed
        # Whether a text is an address takes longer to find out than all else of a request.
        self._known = lru_cache(_MOST_KNOWN)(self._is_fine)

    def check(self, exchange: Exchange) -> None:
        """Refuses a call by another name.

        Raises:
            RestError: HOST_NOT_ALLOWED.
        """
        if not self._only_loopback and not self._allowed:
            return
        for name, value in exchange.scope["headers"]:
            if name == _HEADER and not self._known(value.decode("latin-1")):
                raise self._refusal()

    def _is_fine(self, host: str) -> bool:
        name = address.name_in(host)
        if name is None:
            return False
        if name in self._allowed:
            return True
        return address.is_own_name(name) if self._only_loopback else address.is_ip(name)

    def _refusal(self) -> RestError:
        fine = "localhost, or by a loopback address" if self._only_loopback else "an address"
        return RestError(
            reason=Reason.HOST_NOT_ALLOWED,
            message=f"call this by {fine}, or by a name in API_ALLOWED_HOSTS: "
            "the header Host has another one",
        )
