"""A small certificate authority, and what it issues."""

import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_HOSTS = ("localhost", "127.0.0.1")


class Pair(NamedTuple):
    """Files of a certificate and of its key, in PEM."""

    certificate: Path
    key: Path

    @property
    def content(self) -> tuple[bytes, bytes]:
        """Key and certificate, as gRPC's servers take them."""
        return self.key.read_bytes(), self.certificate.read_bytes()


class Ca:
    """An authority.

    Args:
        folder: Where its certificate goes, and whatever it issues.
        name: Its own, and that of its file.

    Attributes:
        file: Its own certificate, in PEM.
    """

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        authority = x509.BasicConstraints(ca=True, path_length=0)
        own = _builder(self._name, self._name, self._key, days=2)
        signed = own.add_extension(authority, critical=True).sign(self._key, hashes.SHA256())
        self.file = _written(folder / f"{name}.pem", _pem(signed))

    def issue(
        self, name: str, *, hosts: Sequence[str] = _HOSTS, days: float = 1, since: float = -30
    ) -> Pair:
        """Makes a certificate for servers and clients, with its key.

        Args:
            name: Its subject, and the name of the files; those of before are replaced.
            hosts: Names and addresses that it is for.
            days: When it ends; less than 0 for one that has ended.
            since: When it begins, in days from now.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        both = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)
        signed = (
            _builder(_named(name), self._name, key, days=days, since=since)
            .add_extension(x509.SubjectAlternativeName([_host(each) for each in hosts]), False)
            .add_extension(x509.ExtendedKeyUsage(both), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        secret = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return Pair(
            _written(self._folder / f"{name}.pem", _pem(signed)),
            _written(self._folder / f"{name}.key", secret),
        )


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    *,
    days: float,
    since: float = -30,
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=since))
        .not_valid_after(now + timedelta(days=days))
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _host(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _written(path: Path, content: bytes) -> Path:
    # Renamed into place: who reads the file meanwhile reads it whole.
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(content)
    part.replace(path)
    return path
