"""The proxy's own certificate, read anew when its files change."""

import logging
import ssl
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from housing_grpc.base import log, pem
from housing_grpc.base.options import OptionError
from housing_grpc.base.pem import Changes, PemFile

_KEY_UPDATE = 24
# A client changes its keys after gigabytes.
_MOST_KEY_UPDATES = 32

_logger = logging.getLogger(__name__)


class Certificate:
    """What is shown to HTTPS clients.

    Args:
        certificate: The file of API_TLS_CERT_FILE, with those between it and its root.
        key: The file of its private key. Both are read now, and again at a handshake after
            one has changed. If they cannot be used then, what was read before stays.

    Attributes:
        context: What a listener is opened with.
        expires: When it ends, in seconds since 1970.
        on_expiry: Called with that of a certificate that is shown from now on.
        on_flood: Called with the TLS object of a connection that changes its keys all the time.

    Raises:
        OptionError: They cannot be used now.
    """

    def __init__(self, certificate: str, key: str) -> None:
        self._certificate = PemFile("API_TLS_CERT_FILE", certificate)
        self._key = PemFile("API_TLS_KEY_FILE", key)
        self._changes = Changes((self._certificate, self._key))
        self.on_expiry: Callable[[float], None] = lambda _: None
        self.on_flood: Callable[[object], None] = lambda _: None
        self._key_updates: WeakKeyDictionary[object, int] = WeakKeyDictionary()
        self._latest, self.expires = self._load()
        self.context = self._latest
        # Called at every handshake, whether or not the client names a host.
        self.context.sni_callback = self._show_latest

    def _show_latest(
        self, connection: ssl.SSLSocket | ssl.SSLObject, _name: str | None, _: ssl.SSLContext
    ) -> None:
        if self._changes.any():
            self._replace()
        connection.context = self._latest

    def _replace(self) -> None:
        try:
            self._latest, self.expires = self._load()
        except OptionError as error:
            log.event(_logger, logging.ERROR, "tls.kept", reason=str(error))
        else:
            self.on_expiry(self.expires)
            log.event(_logger, logging.INFO, "tls.reloaded", setting=self._certificate.setting)

    def _load(self) -> tuple[ssl.SSLContext, float]:
        pair = pem.load_pair(self._certificate, self._key)
        context: Any = pair.context
        # Python has no other name for what OpenSSL calls with every message.
        context._msg_callback = self._count  # noqa: SLF001
        return context, pair.expires

    def _count(
        self, connection: object, direction: str, _tls: int, _kind: int, message: int, _: bytes
    ) -> None:
        # OpenSSL itself takes any number of them, and some 80 µs for each, of 27 bytes.
        if message == _KEY_UPDATE and direction == "read":
            count = self._key_updates.get(connection, 0) + 1
            self._key_updates[connection] = count
            # guard: key updates without end
            if count == _MOST_KEY_UPDATES:
                self.on_flood(connection)
