"""The server's certificate, read anew when its files change."""

import logging
import ssl
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import grpc
from cryptography import x509

from housing_grpc.base import log, small_file

_logger = logging.getLogger(__name__)

_Stamp = tuple[tuple[int, int, int], ...]


class TlsError(Exception):
    """The files cannot be used; the text names the setting, the file and the fix."""


@dataclass(frozen=True, kw_only=True)
class TlsFiles:
    """Files in PEM form.

    Attributes:
        certificate: The server's, and those between it and its root.
        key: The private key of the first.
        client_ca: Roots of the clients' certificates, or None if they need none.
    """

    certificate: Path
    key: Path
    client_ca: Path | None


class Certificates:
    """What the server shows to clients, and what it asks of them.

    Args:
        files: Read now, and again at a handshake after one of them has changed. If
            they cannot be used then, what was read before stays.

    Raises:
        TlsError: They cannot be used now.
    """

    def __init__(self, files: TlsFiles) -> None:
        self._files = files
        self._lock = threading.Lock()
        self._stamp = self._stamped()
        self._shown, self._expires = self._read()

    def credentials(self) -> grpc.ServerCredentials:
        """Returns what a server's port is opened with."""
        return grpc.dynamic_ssl_server_credentials(
            self._shown,
            self._changed,  # type: ignore[arg-type] # The stubs know no None.
            # guard: clients show a certificate
            self._files.client_ca is not None,
        )

    def expires(self) -> float:
        """Returns when the certificate ends, in seconds since 1970."""
        return self._expires

    def _changed(self) -> grpc.ServerCertificateConfiguration | None:
        """Returns what is to be shown from now on, or None if that is as before."""
        with self._lock:
            stamp = self._stamped()
            if stamp == self._stamp:
                return None
            self._stamp = stamp
            try:
                self._shown, self._expires = self._read()
            except TlsError as error:
                log.event(_logger, logging.ERROR, "tls.kept", reason=str(error))
                return None
            log.event(_logger, logging.INFO, "tls.reloaded", expires=_text(self._expires))
            return self._shown

    def _stamped(self) -> _Stamp:
        files = (self._files.certificate, self._files.key, self._files.client_ca)
        return tuple(_stamp(path) for path in files if path is not None)

    def _read(self) -> tuple[grpc.ServerCertificateConfiguration, float]:
        certificate = _content("TLS_CERT_FILE", self._files.certificate)
        key = _content("TLS_KEY_FILE", self._files.key)
        client_ca = self._files.client_ca
        roots = _content("TLS_CLIENT_CA_FILE", client_ca) if client_ca else None
        try:
            # The standard library tells whether the two belong together; gRPC would not.
            # guard: the key belongs to the certificate
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
                self._files.certificate, self._files.key, password=_no_password
            )
            expires = x509.load_pem_x509_certificate(certificate).not_valid_after_utc
            if roots is not None:
                x509.load_pem_x509_certificates(roots)
        except (ssl.SSLError, ValueError, OSError) as error:
            raise TlsError(
                f"TLS_CERT_FILE={self._files.certificate}: it, TLS_KEY_FILE and "
                f"TLS_CLIENT_CA_FILE have to be PEM, with a key that belongs to the "
                f"certificate and has no password ({error})"
            ) from error
        shown = grpc.ssl_server_certificate_configuration([(key, certificate)], roots)
        return shown, expires.timestamp()


def _content(setting: str, path: Path) -> bytes:
    try:
        return small_file.read(path)
    except OSError as error:
        raise TlsError(f"{setting}={path}: cannot be read: {error.strerror}") from error


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_mtime_ns, found.st_size, found.st_ino)


def _no_password() -> str:
    raise ValueError("the key is encrypted")


def _text(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat()
