"""The bundle's signature: Ed25519 over the bytes of `metadata.json`.

These hold the SHA-256 of every other file, so one signature covers the bundle. It is
checked before anything is parsed, and is therefore plain base64 in a file of its own.

`cryptography` is imported only where a key is configured: a copy of this package travels
with every registered model, which needs neither.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from . import small_file
from .errors import BundleSignatureError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

SIGNATURE_FILE = "metadata.sig"
SIGNATURE_LIMIT = 1024

_BEGIN = re.compile(rb"-----BEGIN ([A-Z ]{1,64})-----")

Sign = Callable[[bytes], bytes]


class KeyFileError(Exception):
    """A key file cannot be used; the text says why, and never holds the key."""


class Verifier:
    """Says whether a bundle was signed with one of the keys in a file.

    The file is read anew for every bundle, so that a key can be added or withdrawn
    while the server runs.

    Args:
        file: Public keys in PEM, one after the other.
    """

    def __init__(self, file: Path) -> None:
        self.file = file

    def keys(self) -> list["Ed25519PublicKey"]:
        """Reads the keys.

        Raises:
            KeyFileError: There is none, or one that is no Ed25519 public key.
        """
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.serialization import load_pem_public_key

        found = []
        for kind, block in _blocks(_read(self.file)):
            if b"PRIVATE" in kind:
                raise KeyFileError("holds a private key; give the public one")
            try:
                key = load_pem_public_key(block)
            except (ValueError, UnsupportedAlgorithm):
                raise KeyFileError("holds a key that cannot be read") from None
            if not isinstance(key, Ed25519PublicKey):
                raise KeyFileError("holds a key that is not Ed25519")
            found.append(key)
        if not found:
            raise KeyFileError("holds no public key in PEM")
        return found

    def check(self, document: bytes, signature: bytes | None) -> None:
        """Refuses a bundle that nobody of ours signed.

        Args:
            document: Bytes of `metadata.json`.
            signature: Bytes of `metadata.sig`, or None if there is none.

        Raises:
            BundleSignatureError: It is not signed, or not with one of the keys.
        """
        if signature is None:
            raise BundleSignatureError(
                f"{SIGNATURE_FILE}: is missing, and this server takes signed bundles only; "
                "export the model again with BUNDLE_SIGNING_KEY_FILE set"
            )
        try:
            trusted = self.trusts(document, signature)
        except KeyFileError as error:
            raise BundleSignatureError(f"the file of public keys {error}") from error
        except binascii.Error as error:
            raise BundleSignatureError(f"{SIGNATURE_FILE}: is no signature") from error
        if not trusted:
            raise BundleSignatureError(
                f"{SIGNATURE_FILE}: is not the signature of this bundle by a key that is trusted"
                " here"
            )

    def trusts(self, document: bytes, signature: bytes) -> bool:
        """Returns whether one of the keys has signed a document.

        Args:
            document: Any bytes.
            signature: In base64.

        Raises:
            KeyFileError: There is no key, or one that cannot be used.
            binascii.Error: It is no base64.
        """
        from cryptography.exceptions import InvalidSignature

        keys, raw = self.keys(), base64.b64decode(signature.strip(), validate=True)
        for key in keys:
            try:
                key.verify(raw, document)
            except InvalidSignature:
                continue
            return True
        return False


class OwnVerifier(Verifier):
    """Trusts what a private key has signed, for its holder, who may have no file of public keys.

    Args:
        file: An Ed25519 private key in PEM, without a password.
    """

    def keys(self) -> list["Ed25519PublicKey"]:
        """Reads the key."""
        return [_private_key(self.file).public_key()]


def signer(file: Path) -> Sign:
    """Returns what makes the content of `metadata.sig` from that of `metadata.json`.

    Args:
        file: An Ed25519 private key in PEM, without a password.

    Raises:
        KeyFileError: It cannot be read, or is another kind of key.
    """
    key = _private_key(file)
    return lambda document: base64.b64encode(key.sign(document)) + b"\n"


def _private_key(file: Path) -> "Ed25519PrivateKey":
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(_read(file), password=None)
    except TypeError:
        raise KeyFileError("holds a key with a password; give one without") from None
    except (ValueError, UnsupportedAlgorithm):
        raise KeyFileError("holds no private key in PEM") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError("holds a key that is not Ed25519")
    return key


def _blocks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Gives what PEM says it holds, and the whole block with it."""
    place = 0
    while begin := _BEGIN.search(content, place):
        line = b"-----END " + begin[1] + b"-----"
        end = content.find(line, begin.end())
        # guard: a key file is read once
        if end < 0:
            raise KeyFileError("holds a key that does not end")
        place = end + len(line)
        yield begin[1], content[begin.start() : place]


def _read(file: Path) -> bytes:
    try:
        return small_file.read(file)
    except OSError as error:
        raise KeyFileError(f"cannot be read: {error.strerror}") from None
