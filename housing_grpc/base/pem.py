"""Certificates and keys in PEM form, which may be replaced while they are used."""

import logging
import os
import ssl
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

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


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A certificate and its key, as they were at one moment.

    Attributes:
        certificate: Its bytes, and those of what is between it and its root.
        key: Bytes of the key.
        context: A server's context that shows it.
        expires: When the certificate ends, in seconds since 1970.
    """

    certificate: bytes
    key: bytes
    context: ssl.SSLContext
    expires: float


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


def load_pair(certificate: PemFile, key: PemFile) -> Pair:
    """Reads a certificate and its key, each once: what is checked is what is shown.

    Raises:
        OptionError: They cannot be read, or do not belong together.
    """
    shown, secret = certificate.read(), key.read()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        # guard: the files are read once
        with _in_memory(shown) as first, _in_memory(secret) as second:
            context.load_cert_chain(first, second, password=_no_password)
        expires = _expiry(certificate, x509.load_pem_x509_certificate(shown))
    except (OSError, *_UNREADABLE) as error:
        raise OptionError(
            f"{certificate}: it and {key.setting} have to be PEM, with a key that belongs to "
            f"the certificate and has no password ({error})"
        ) from error
    return Pair(certificate=shown, key=secret, context=context, expires=expires)


def _expiry(file: PemFile, certificate: x509.Certificate) -> float:
    """Returns when a certificate ends; one of another day is taken: the clock may be wrong."""
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not begins <= datetime.now(UTC) <= ends:
        log.event(
            _logger,
            logging.WARNING,
            "tls.not_valid_today",
            setting=file.setting,
            begins=f"{begins:%Y-%m-%dT%H:%M:%SZ}",
            ends=f"{ends:%Y-%m-%dT%H:%M:%SZ}",
        )
    return ends.timestamp()


@contextmanager
def _in_memory(content: bytes) -> Iterator[str]:
    """Gives a path to bytes, as Python's TLS takes nothing else; they never lie on a disk."""
    with _unnamed() as file:
        file.write(content)
        file.flush()
        file.seek(0)
        yield f"/dev/fd/{file.fileno()}"


def _unnamed() -> IO[bytes]:
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("pem"), "w+b")
    # Without a name, and for this user alone, where the system knows no file in memory.
    return tempfile.TemporaryFile()


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return _NO_STAMP
    return (found.st_mtime_ns, found.st_size, found.st_ino)


def _no_password() -> str:
    raise ValueError("the key is encrypted")
