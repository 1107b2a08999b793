"""Keys that sign bundles and statements."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

SPKI = (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


class Pair:
    """A private key and its public key, in files."""

    def __init__(self, folder: Path, name: str) -> None:
        key = Ed25519PrivateKey.generate()
        self.private, self.public = folder / name, folder / f"{name}.pub"
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self.private.write_bytes(pem)
        self.public.write_bytes(key.public_key().public_bytes(*SPKI))
