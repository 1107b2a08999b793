"""Finds the keys that receipts are sealed with, or makes one."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from housing_grpc.base import small_file
from housing_grpc.receipts.sealing import KEY_BYTES, SealingKeyError, Seals

SETTING = "RECEIPT_KEYS_FILE"
OWN_NAME = "receipt.key"
"""The file in the home in which a server that only this machine can reach keeps its key."""

MOST_KEYS = 8
"""A change of keys takes two; each more is one that a thief may have."""


def load(path: Path) -> Seals:
    """Reads the file of keys that is configured.

    A line each of 64 hexadecimal digits, the one that seals first; blank lines and those that
    begin with # are skipped.

    Raises:
        SealingKeyError: The file cannot be read, holds no key or more than `MOST_KEYS`, or a line
            is none; the text names the line, never a key.
    """
    return _read(path, f"{SETTING}={path}")


def own(home: Path) -> Seals:
    """Returns the key of this machine's server, which is made if there is none yet.

    Raises:
        SealingKeyError: It can be neither read nor made.
    """
    path = home / OWN_NAME
    try:
        home.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _make(path)
    except OSError as error:
        raise SealingKeyError(f"{path}: cannot be made: {error.strerror}") from error
    return kept(home)


def kept(home: Path) -> Seals:
    """Returns the key of this machine's server, which has made it.

    Raises:
        SealingKeyError: There is none, or it cannot be read.
    """
    path = home / OWN_NAME
    return _read(path, str(path))


def new_key() -> str:
    """Returns a key as a line of a file."""
    return secrets.token_hex(KEY_BYTES)


def _make(path: Path) -> None:
    # Whole or not at all, though several servers may start at once.
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        # guard: the key of this machine is its owner's
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as opened:
            opened.write(new_key() + "\n")
            opened.flush()
            os.fsync(opened.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _read(path: Path, name: str) -> Seals:
    try:
        lines = small_file.read(path).decode("ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = (error.strerror or "") if isinstance(error, OSError) else "it is not ASCII"
        raise SealingKeyError(f"{name}: cannot be read: {why}") from error
    found = {
        number: line.strip()
        for number, line in enumerate(lines, 1)
        if line.strip() and not line.lstrip().startswith("#")
    }
    # guard: the number of keys
    if len(found) > MOST_KEYS:
        raise SealingKeyError(
            f"{name}: there are {len(found)} keys; keep {MOST_KEYS} at most: the one that seals, "
            "and those before it whose receipts may still come back"
        )
    keys = [_key(text, f"{name}, line {number}") for number, text in found.items()]
    try:
        return Seals(keys)
    except SealingKeyError as error:
        raise SealingKeyError(f"{name}: {error}") from error


def _key(text: str, where: str) -> bytes:
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    # guard: a wrong line of a key file is not shown
    if len(key) != KEY_BYTES or len(text) != 2 * KEY_BYTES:
        raise SealingKeyError(f"{where}: a key is {2 * KEY_BYTES} hexadecimal digits")
    return key
