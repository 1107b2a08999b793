"""How to reach the server: the only module of the client that reads the environment."""

import argparse
import os
from pathlib import Path

from ..client import HousingClient
from ..connection import Tls, TlsChoice

DEFAULT_TARGET = "localhost:50051"

EPILOG = (
    "HOUSING_TARGET and HOUSING_API_KEY stand in for --target and --api-key-file; a key on the "
    "command line could be read by others. Exit codes: 0 done, 1 refused, 2 wrong command line, "
    "3 no server answers, 4 some rows were rejected, 130 stopped."
)


def add_connection(parser: argparse.ArgumentParser) -> None:
    """Adds the flags that all commands share."""
    group = parser.add_argument_group("connection")
    target = os.environ.get("HOUSING_TARGET") or DEFAULT_TARGET
    group.add_argument(
        "--target", default=target, metavar="HOST:PORT", help=f"the server [{target}]"
    )
    group.add_argument(
        "--api-key-file", metavar="FILE", help="file with the API key [HOUSING_API_KEY]"
    )
    group.add_argument("--tls", action="store_true", help="encrypt")
    group.add_argument("--ca", metavar="FILE", help="who may sign the server's certificate")
    group.add_argument("--cert", metavar="FILE", help="client certificate")
    group.add_argument("--key", metavar="FILE", help="its key")
    group.add_argument(
        "--timeout", type=_seconds, metavar="SECONDS", help="longest wait for an answer"
    )


def connect(given: argparse.Namespace) -> HousingClient:
    """Returns a client for what the command line says.

    Raises:
        OSError: A file cannot be read.
        ValueError: A certificate is there without its key.
    """
    return HousingClient(given.target, api_key=_api_key(given.api_key_file), tls=_tls(given))


def timeout(given: argparse.Namespace, default: float) -> float:
    """Returns how long to wait for an answer."""
    return default if given.timeout is None else float(given.timeout)


def _api_key(path: str | None) -> str | None:
    if path is not None:
        return Path(path).read_text(encoding="ascii").strip()
    return os.environ.get("HOUSING_API_KEY")


def _tls(given: argparse.Namespace) -> TlsChoice:
    if given.ca or given.cert or given.key:
        return Tls(ca=given.ca, certificate=given.cert, key=given.key)
    return bool(given.tls)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above zero")
    return seconds
