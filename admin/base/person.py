"""Says who runs this process."""

import getpass
import socket

_LONGEST = 200


def user() -> str:
    """Return the name of who runs this process, or "unknown"."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # The system has no name for the number.
        return "unknown"


def user_and_host() -> str:
    """Return who runs this process and where, such as "anna@train-1", in at most 200 characters."""
    text = f"{user()}@{socket.gethostname()}"
    return "".join(c if c.isprintable() else "?" for c in text)[:_LONGEST]
