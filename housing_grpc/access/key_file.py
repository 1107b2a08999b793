"""Reads the API keys that are configured."""

from pathlib import Path

from housing_grpc.access.callers import Key, Role, digest
from housing_grpc.base import small_file

_HASHED = "sha256:"
_SINGLE = "API_KEY"
# It stands in the log line of each call that fails.
_LONGEST_NAME = 128


class KeysError(Exception):
    """The keys cannot be used; the text names the line, never a key."""


def load(api_key: str, file: str) -> tuple[Key, ...] | None:
    """Returns the keys of both settings, or None if neither is set.

    Args:
        api_key: One key for everything.
        file: Lines `NAME ROLE KEY`; the key plain, or `sha256:` and its digest in
            hexadecimal. Blank lines and those that begin with # are skipped.

    Raises:
        KeysError: The file cannot be read, holds no key, or a line is wrong.
    """
    if not api_key and not file:
        return None
    single = (_key("api_key", Role.ADMIN, api_key, _SINGLE),) if api_key else ()
    found = single + (_read(Path(file)) if file else ())
    if len({key.digest for key in found}) < len(found):
        # It would not be clear which of the two roles applies.
        raise KeysError(f"API_KEYS_FILE={file}: the same key is there twice, or is API_KEY, too")
    return found


def _read(path: Path) -> tuple[Key, ...]:
    try:
        lines = small_file.read(path).decode().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise KeysError(f"API_KEYS_FILE={path}: cannot be read: {_why(error)}") from error
    keys = tuple(
        _parse(line.split(), f"API_KEYS_FILE={path}, line {number}")
        for number, line in enumerate(lines, 1)
        if line.strip() and not line.lstrip().startswith("#")
    )
    if not keys:
        raise KeysError(f"API_KEYS_FILE={path}: there is no key in it")
    return keys


def _parse(parts: list[str], where: str) -> Key:
    if len(parts) != 3:
        # guard: a wrong line is not shown
        raise KeysError(f"{where}: write NAME ROLE KEY, not {len(parts)} words")
    name, role, key = parts
    if len(name) > _LONGEST_NAME:
        raise KeysError(f"{where}: the name is longer than {_LONGEST_NAME} characters")
    if role not in tuple(Role):
        raise KeysError(f"{where}: the role is one of {', '.join(Role)}")
    return _key(name, Role(role), key, where)


def _key(name: str, role: Role, text: str, where: str) -> Key:
    if text.startswith(_HASHED):
        try:
            hashed = bytes.fromhex(text.removeprefix(_HASHED))
        except ValueError:
            hashed = b""
        if len(hashed) != len(digest("")):
            raise KeysError(f"{where}: after '{_HASHED}' come 64 hexadecimal digits")
        # guard: no empty key by its digest
        if hashed == digest(""):  # As of a variable that was not set.
            raise KeysError(f"{where}: that is the digest of an empty key")
        return Key(name=name, role=role, digest=hashed)
    if not text.isascii() or not text.isprintable() or " " in text:
        raise KeysError(f"{where}: a key is printable ASCII without spaces")
    return Key(name=name, role=role, digest=digest(text))


def _why(error: OSError | UnicodeDecodeError) -> str:
    return error.strerror or "" if isinstance(error, OSError) else "it is not UTF-8"
