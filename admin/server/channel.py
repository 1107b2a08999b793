"""Opens the connection to a server: in the clear, or with TLS."""

import ipaddress
from pathlib import Path

import grpc

from housing_grpc.base import grpc_target
from housing_grpc.bundle import small_file

from ..base.errors import UsageError
from ..base.settings import Settings


def opened(settings: Settings, target: str, *, tls: bool) -> grpc.Channel:
    """Open a channel; it is encrypted if that is asked for or certificates are set.

    Args:
        settings: The certificates.
        target: Address, host:port.
        tls: Whether to encrypt even without certificates, and trust those that gRPC trusts.

    Raises:
        UsageError: The address is none; or a certificate cannot be read, or lacks its key.
    """
    fault = grpc_target.fault(target, tls="add --tls")
    if fault:
        raise UsageError(f"the server's address {target!r}: {fault}")
    certificate, key = settings.certificate_file, settings.key_file
    if (certificate is None) != (key is None):
        raise UsageError("set both HOUSING_CERT_FILE and HOUSING_KEY_FILE, or neither")
    if not tls and settings.ca_file is None and certificate is None:
        return grpc.insecure_channel(target, _options(target))
    credentials = grpc.ssl_channel_credentials(
        root_certificates=_pem(settings.ca_file, "HOUSING_CA_FILE"),
        private_key=_pem(key, "HOUSING_KEY_FILE"),
        certificate_chain=_pem(certificate, "HOUSING_CERT_FILE"),
    )
    return grpc.secure_channel(target, credentials, _options(target))


def checked_key(key: str | None) -> str | None:
    """Return the key that is sent with each call, or None for none.

    Raises:
        UsageError: It holds what gRPC cannot send.
    """
    if key is not None and not (key.isascii() and key.isprintable()):
        # The key itself is not shown.
        raise UsageError("HOUSING_API_KEY holds a character that no key can have; check it")
    return key


def host_of(target: str) -> str:
    """Return the host of an address, host:port."""
    return target.rpartition(":")[0].removeprefix("[").removesuffix("]")


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine, whatever a name server says."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _options(target: str) -> tuple[tuple[str, int], ...]:
    # A proxy in the environment is for the way out; it would look for the server on itself.
    return (("grpc.enable_http_proxy", 0),) if is_loopback(host_of(target)) else ()


def _pem(file: Path | None, variable: str) -> bytes | None:
    if file is None:
        return None
    try:
        content = small_file.read(file)
    except OSError as error:
        raise UsageError(f"{variable}: {file}: {error.strerror}; name a file in PEM") from error
    if b"-----BEGIN " not in content:
        raise UsageError(f"{variable}: {file} is not in PEM; name a file that is")
    return content
