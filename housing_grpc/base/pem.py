"""Certificates and keys in PEM form, which may be replaced while they are used."""

import logging
import ssl
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from housing_grpc.base import log, small_file
from housing_grpc.base.options import OptionError

_logger = logging.getLogger(__name__)

_NO_STAMP = (0, 0, 0)
# The second is no ValueError.
_UNREADABLE = (ValueError, x509.InvalidVersion)


class PemFile:
    """A file that a setting names.

    Args:
        setting: The variable, for messages.
        path: Where it is.
    """

    def __init__(self, setting: str, path: str) -> None:
        self.setting = setting
        self.path = Path(path)

    def read(self) -> bytes:
        """Returns what is in it.

        Raises:
            OptionError: It cannot be read.
        """
        try:
            return small_file.read(self.path)
        except OSError as error:
            raise OptionError(f"{self}: cannot be read: {error.strerror}") from error

    def __str__(self) -> str:
        return f"{self.setting}={self.path}"


class Changes:
    """Tells when one of some files has been replaced.

    Args:
        files: As they are now.
    """

    def __init__(self, files: Iterable[PemFile]) -> None:
        self._paths = [file.path for file in files]
        self._stamps = self._look()

    def any(self) -> bool:
        """Whether one has changed since this was asked last."""
        before, self._stamps = self._stamps, self._look()
        return before != self._stamps

    def _look(self) -> list[tuple[int, int, int]]:
        return [_stamp(path) for path in self._paths]


def check_roots(file: PemFile) -> bytes:
    """Returns the roots in a file.

    Raises:
        OptionError: There are none.
    """
    content = file.read()
    try:
        x509.load_pem_x509_certificates(content)
    except _UNREADABLE as error:
        raise OptionError(f"{file}: has to hold certificates in PEM ({error})") from error
    return content


def load_pair(certificate: PemFile, key: PemFile) -> ssl.SSLContext:
    """Returns a server's context with a certificate and its key.

    Raises:
        OptionError: They cannot be read, or do not belong together.
    """
    for file in (certificate, key):
        file.read()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate.path, key.path, password=_no_password)
    except (OSError, ValueError) as error:
        raise OptionError(
            f"{certificate}: it and {key.setting} have to be PEM, with a key that belongs to "
            f"the certificate and has no password ({error})"
        ) from error
    return context


def expiry(certificate: PemFile) -> float:
    """Returns when the first certificate in a file ends, in seconds since 1970.

    One that is not valid today is warned about and taken, as it may be the clock that is wrong.

    Raises:
        OptionError: There is none.
    """
    try:
        found = x509.load_pem_x509_certificate(certificate.read())
        begins, ends = found.not_valid_before_utc, found.not_valid_after_utc
    except _UNREADABLE as error:
        raise OptionError(f"{certificate}: has to be a certificate in PEM ({error})") from error
    if not begins <= datetime.now(UTC) <= ends:
        log.event(
            _logger,
            logging.WARNING,
            "tls.not_valid_today",
            setting=certificate.setting,
            begins=f"{begins:%Y-%m-%dT%H:%M:%SZ}",
            ends=f"{ends:%Y-%m-%dT%H:%M:%SZ}",
        )
    return ends.timestamp()


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return _NO_STAMP
    return (found.st_mtime_ns, found.st_size, found.st_ino)


def _no_password() -> str:
    raise ValueError("the key is encrypted")
