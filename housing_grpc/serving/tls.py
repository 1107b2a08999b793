"""The server's certificate, read anew when its files change."""

import logging
import threading
from datetime import UTC, datetime

import grpc

from housing_grpc.base import log, pem
from housing_grpc.base.options import OptionError
from housing_grpc.base.pem import Changes, PemFile

_logger = logging.getLogger(__name__)


class Certificates:
    """What the server shows to clients, and what it asks of them.

    Args:
        certificate: File of the server's, and of those between it and its root.
        key: File of the private key of the first.
        client_ca: File of the roots of the clients' certificates, or "" if they need none.
            All are read now, and again at a handshake after one of them has changed. If they
            cannot be used then, what was read before stays.

    Raises:
        OptionError: They cannot be used now.
    """

    def __init__(self, certificate: str, key: str, client_ca: str) -> None:
        self._certificate = PemFile("TLS_CERT_FILE", certificate)
        self._key = PemFile("TLS_KEY_FILE", key)
        self._client_ca = PemFile("TLS_CLIENT_CA_FILE", client_ca) if client_ca else None
        self._lock = threading.Lock()
        files = (self._certificate, self._key, self._client_ca)
        self._changes = Changes(file for file in files if file)
        self._shown, self._expires = self._read()

    def credentials(self) -> grpc.ServerCredentials:
        """Returns what a server's port is opened with."""
        return grpc.dynamic_ssl_server_credentials(
            self._shown,
            self._changed,  # type: ignore[arg-type] # The stubs know no None.
            # guard: clients show a certificate
            self._client_ca is not None,
        )

    def expires(self) -> float:
        """Returns when the certificate ends, in seconds since 1970."""
        return self._expires

    def _changed(self) -> grpc.ServerCertificateConfiguration | None:
        """Returns what is to be shown from now on, or None if that is as before."""
        with self._lock:
            if not self._changes.any():
                return None
            try:
                self._shown, self._expires = self._read()
            except OptionError as error:
                log.event(_logger, logging.ERROR, "tls.kept", reason=str(error))
                return None
            log.event(_logger, logging.INFO, "tls.reloaded", expires=_text(self._expires))
            return self._shown

    def _read(self) -> tuple[grpc.ServerCertificateConfiguration, float]:
        roots = pem.check_roots(self._client_ca) if self._client_ca else None
        # gRPC would say neither that the two do not belong together, nor that they are no PEM.
        # guard: the key belongs to the certificate
        pair = pem.load_pair(self._certificate, self._key)
        chain = (pair.key, pair.certificate)
        return grpc.ssl_server_certificate_configuration([chain], roots), pair.expires


def _text(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat()
