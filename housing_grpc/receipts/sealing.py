"""Seals receipts, so that nobody else can read, change or make one, and opens them again.

AES-SIV (RFC 5297) needs no random number, and a receipt shows no more than whether it is the same
as another. The text is the version of the format, the key's id and the sealed bytes in base64url:
240 characters. Version and id need no seal: another id is another key, and another version none.
"""

import base64
import hashlib
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from housing_grpc.base.errors import Reason, ServingError, Violation
from housing_grpc.receipts.record import SIZE, Receipt

KEY_BYTES = 32
LENGTH = 240
"""Characters of a receipt."""

_FORMAT = 1
_ID_BYTES = 2
_HEAD_BYTES = 1 + _ID_BYTES
_BYTES = _HEAD_BYTES + 16 + SIZE


class SealingKeyError(Exception):
    """The keys cannot be used together; the text shows none of them."""


class Seals:
    """The keys of receipts.

    Args:
        keys: Of `KEY_BYTES` bytes each; the first seals, all of them open.

    Raises:
        SealingKeyError: There is none, or two have the same id.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys:
            raise SealingKeyError("there is no key")
        self.keys = tuple(keys)
        self._ciphers = {key_id(key): AESSIV(key) for key in keys}
        if len(self._ciphers) < len(keys):
            raise SealingKeyError("two keys are the same, or have the same id; make another one")
        self._head = bytes([_FORMAT]) + key_id(keys[0])
        self._seal = self._ciphers[key_id(keys[0])].encrypt

    def seal(self, record: bytes) -> str:
        """Returns the text of a receipt.

        Args:
            record: What it holds, packed.
        """
        return base64.urlsafe_b64encode(self._head + self._seal(record, None)).decode()

    def open(self, text: str, field: str) -> Receipt:
        """Reads a receipt.

        Args:
            text: Of a caller; anything at all.
            field: Where it stands in the request, for messages.

        Raises:
            ServingError: RECEIPT_MALFORMED, RECEIPT_FOREIGN or RECEIPT_FORGED.
        """
        data = _decode(text, field)
        head, sealed = data[:_HEAD_BYTES], data[_HEAD_BYTES:]
        cipher = self._ciphers.get(head[1:])
        if cipher is None:
            raise _fault(
                Reason.RECEIPT_FOREIGN, field,
                "was sealed with a key that this server does not have; send it to the server that "
                "made it, or add that key to RECEIPT_KEYS_FILE",
            )  # fmt: skip
        try:
            return Receipt.unpack(cipher.decrypt(sealed, None))
        except (InvalidTag, ValueError):
            raise _fault(
                Reason.RECEIPT_FORGED, field,
                "is not as a server made it; send it as it came with the price",
            ) from None  # fmt: skip


def key_id(key: bytes) -> bytes:
    """Returns what tells a key from others without showing it."""
    return hashlib.blake2b(key, digest_size=_ID_BYTES, person=b"receipt key id").digest()


def outcome_id(text: str) -> bytes:
    """Returns the 16 bytes by which the outcome of a receipt is kept."""
    return hashlib.blake2b(text.encode(), digest_size=16, person=b"receipt").digest()


def _decode(text: str, field: str) -> bytes:
    try:
        data = base64.b64decode(text[: LENGTH + 1], altchars=b"-_", validate=True)
    except ValueError:  # As of characters that are no ASCII, too.
        data = b""
    # It takes "+" and "/", too: one receipt would be several, each with an outcome of its own.
    # guard: a receipt is one text
    if "+" in text or "/" in text:
        data = b""
    if len(text) != LENGTH or len(data) != _BYTES or data[0] != _FORMAT:
        found = "is empty" if not text else f"has {len(text)} characters"
        if len(text) == LENGTH:
            found = "has characters or a version that none has"
        raise _fault(
            Reason.RECEIPT_MALFORMED,
            field,
            f"{found}; send all {LENGTH} characters as they came with the price",
        )
    return data


def _fault(reason: Reason, field: str, text: str) -> ServingError:
    return ServingError(
        reason, f"{field} {text}", violations=(Violation(field=field, description=text),)
    )
