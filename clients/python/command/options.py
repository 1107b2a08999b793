"""How to reach the server, from flags and from the environment."""

import argparse
import os
from pathlib import Path

from housing_table import cells

from .. import small_file
from ..client import HousingClient
from ..connection import Tls, TlsChoice
from ..target import check_target

DEFAULT_TARGET = "localhost:50051"

EPILOG = (
    "The environment stands in for what is not given: HOUSING_TARGET, HOUSING_API_KEY (a key on "
    "the command line could be read by others), HOUSING_CA_FILE, HOUSING_CERT_FILE, "
    "HOUSING_KEY_FILE. Exit codes: 0 done, 1 refused, 2 wrong command line, 3 no server answers, "
    "4 some rows were rejected, 130 stopped by Ctrl-C, 141 the reader of the output has enough, "
    "143 stopped by SIGTERM."
)

_PEM_FILES = {
    "ca_file": "who may sign the server's certificate, in PEM",
    "cert_file": "client certificate, for a server that asks for one",
    "key_file": "its key",
}


def add_connection(parser: argparse.ArgumentParser) -> None:
    """Adds the flags that all commands share."""
    group = parser.add_argument_group("connection")
    target = os.environ.get("HOUSING_TARGET") or DEFAULT_TARGET
    group.add_argument(
        "--target",
        type=_target,
        default=target,
        metavar="HOST:PORT",
        help=f"the server [{target.replace('%', '%%')}]",
    )
    group.add_argument(
        "--api-key-file", metavar="FILE", help="file with the API key [HOUSING_API_KEY]"
    )
    group.add_argument("--tls", action="store_true", help="encrypt; so does each file below")
    for name, what in _PEM_FILES.items():
        variable = f"HOUSING_{name.upper()}"
        group.add_argument(
            f"--{name.replace('_', '-')}",
            metavar="FILE",
            default=os.environ.get(variable) or None,
            help=f"{what} [{variable}]",
        )
    group.add_argument(
        "--timeout", type=seconds, metavar="SECONDS", help="longest wait for an answer"
    )


def add_level(parser: argparse.ArgumentParser) -> None:
    """Adds the flag that says how sure an interval is to be."""
    parser.add_argument(
        "--level", type=_share, help="share of prices that an interval is to hold [0.9]"
    )


def connect(given: argparse.Namespace) -> HousingClient:
    """Returns a client for what the command line says.

    Raises:
        OSError: A file cannot be read.
        ValueError: A certificate is there without its key.
    """
    return HousingClient(given.target, api_key=_api_key(given.api_key_file), tls=tls(given))


def timeout(given: argparse.Namespace, default: float) -> float:
    """Returns how long to wait for an answer."""
    return default if given.timeout is None else float(given.timeout)


def seconds(text: str) -> float:
    """Returns a number of seconds, as it was given to a flag."""
    found = cells.number(text)
    if found is None or not 0 < found < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above zero")
    return found


def _share(text: str) -> float:
    found = cells.number(text)
    # What a level may be, the server says.
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no number; give one from 0.5 to 0.99")
    return found


def _target(text: str) -> str:
    try:
        return check_target(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _api_key(path: str | None) -> str | None:
    if path is not None:
        return _key_in(Path(path))
    return os.environ.get("HOUSING_API_KEY")


def _key_in(path: Path) -> str:
    # A pipe of what asks a safe will do. Some editors begin a text with a byte order mark.
    key = small_file.read(path, plain=False).decode("utf-8-sig", "replace").strip()
    if not key:
        raise ValueError(f"{path}: there is no key in it; write one, or leave --api-key-file out")
    if not (key.isascii() and key.isprintable()):
        raise ValueError(f"{path}: a key is one line of printable ASCII")
    return key


def tls(given: argparse.Namespace) -> TlsChoice:
    """Returns how to encrypt."""
    if given.ca_file or given.cert_file or given.key_file:
        return Tls(ca=given.ca_file, certificate=given.cert_file, key=given.key_file)
    return bool(given.tls)
