"""What is wrong with files of certificates, before gRPC keeps it to itself."""

import ssl
from os import PathLike, fspath

from . import small_file

File = str | PathLike[str]


def check(ca: File | None, certificate: File | None, key: File | None) -> None:
    """Checks that files hold what they should.

    Args:
        ca: Certificates of who may sign.
        certificate: One with those that signed it.
        key: That of the certificate, not locked by a password.

    Raises:
        OSError: One cannot be read.
        ValueError: One holds something else, or the key is another's.
    """
    for file in (ca, certificate, key):
        if file is not None:
            # OpenSSL would not say which of them cannot be read, and waits for a pipe for ever.
            small_file.read(file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca is not None:
        try:
            context.load_verify_locations(ca)
        except ssl.SSLError:
            raise ValueError(f"{fspath(ca)}: holds no certificate in PEM") from None
    if certificate is not None:
        try:
            context.load_cert_chain(certificate, key, password=_no_password)
        except (ssl.SSLError, ValueError):
            raise ValueError(
                f"{fspath(certificate)}: holds no certificate in PEM, or "
                f"{fspath(key or '')} not its key, or one locked by a password"
            ) from None


def _no_password() -> str:
    # It would be asked for on the terminal.
    return ""
