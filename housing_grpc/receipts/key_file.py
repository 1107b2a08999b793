"""Finds the keys that receipts are sealed with, or makes one."""

import os
import secrets
from pathlib import Path

from housing_grpc.base import small_file
from housing_grpc.receipts.sealing import KEY_BYTES, SealingKeyError, Seals

SETTING = "RECEIPT_KEYS_FILE"
OWN_NAME = "receipt.key"
"""The file in the home in which a server that only this machine can reach keeps its key."""


def load(path: Path) -> Seals:
    """Reads keys: a line each of 64 hexadecimal digits, the one that seals first.

    Blank lines and those that begin with # are skipped.

    Raises:
        SealingKeyError: The file cannot be read, holds no key, or a line is none; the text
            names the line, never a key.
    """
    try:
        lines = small_file.read(path).decode("ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = (error.strerror or "") if isinstance(error, OSError) else "it is not ASCII"
        raise SealingKeyError(f"{SETTING}={path}: cannot be read: {why}") from error
    keys = [
        _key(line.strip(), f"{SETTING}={path}, line {number}")
        for number, line in enumerate(lines, 1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    try:
        return Seals(keys)
    except SealingKeyError as error:
        raise SealingKeyError(f"{SETTING}={path}: {error}") from error


def own(home: Path) -> Seals:
    """Returns the key of this machine's server, which is made if there is none yet.

    Raises:
        SealingKeyError: It can be neither read nor made.
    """
    path = home / OWN_NAME
    try:
        home.mkdir(parents=True, exist_ok=True)
        # Whole or not at all, though several servers may start at once.
        draft = home / f".{OWN_NAME}.{os.getpid()}.{secrets.token_hex(4)}"
        if not path.exists():
            _write(draft, new_key() + "\n")
            try:
                os.link(draft, path)
            except FileExistsError:
                pass
            finally:
                draft.unlink()
    except OSError as error:
        raise SealingKeyError(f"{path}: cannot be made: {error.strerror}") from error
    return load(path)


def new_key() -> str:
    """Returns a key as a line of a file."""
    return secrets.token_hex(KEY_BYTES)


def _write(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())


def _key(text: str, where: str) -> bytes:
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    # guard: a wrong line of a key file is not shown
    if len(key) != KEY_BYTES or len(text) != 2 * KEY_BYTES:
        raise SealingKeyError(f"{where}: a key is {2 * KEY_BYTES} hexadecimal digits")
    return key
