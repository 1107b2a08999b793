"""The digest of a bundle: its name on disk, in the registry and in answers."""

import hashlib
import re
from typing import NewType

from .errors import BundleFormatError

Digest = NewType("Digest", str)
"""SHA-256 of a bundle's `metadata.json`, as 64 lower-case hexadecimal digits."""

_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


def compute(document: bytes) -> Digest:
    """Returns the digest of the bundle whose `metadata.json` holds these bytes."""
    return Digest(hashlib.sha256(document).hexdigest())


def is_digest(text: str) -> bool:
    """Returns whether text is written as a digest is."""
    return _DIGEST.fullmatch(text) is not None


def parse(text: str, what: str) -> Digest:
    """Checks text from outside before it names a folder or a file.

    Args:
        text: What should be a digest.
        what: Where it comes from, for the message.

    Raises:
        BundleFormatError: It is no digest. The text is not repeated: it may be anything.
    """
    if not is_digest(text):
        raise BundleFormatError(f"{what} is not a bundle digest of 64 hexadecimal digits")
    return Digest(text)
