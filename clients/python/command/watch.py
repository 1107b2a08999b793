"""`housing watch`: the server's health, now and whenever it changes."""

import argparse
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from .. import requests
from ..client import HousingClient
from ..errors import HousingError, PermissionDeniedError, UnauthenticatedError, UnimplementedError
from ..health import Health
from . import options

HELP = "show the server's health, now and whenever it changes"

_PAUSE = 1.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of this command."""
    parser.add_argument("service", nargs="?", default="", help="full name of one service")
    parser.add_argument("--once", action="store_true", help="ask once; exit code 3 if not SERVING")
    parser.add_argument("--json", action="store_true", help="print JSON, an object a line")


def run(given: argparse.Namespace) -> int:
    """Prints a line for each change."""
    with options.connect(given) as client:
        if given.once:
            return _once(client, given)
        last = None
        for state in _states(client, given.service):
            if state is not last:
                _show(state, f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", as_json=given.json)
            last = state
    return 0


def _once(client: HousingClient, given: argparse.Namespace) -> int:
    state = client.health(given.service, timeout=options.timeout(given, requests.INFO_SECONDS))
    _show(state, as_json=given.json)
    return 0 if state is Health.SERVING else 3


def _show(state: Health, at: str = "", *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"status": state} | ({"timestamp": at} if at else {})), flush=True)
    else:
        print(f"{at} {state}".lstrip(), flush=True)


def _states(client: HousingClient, service: str) -> Iterator[Health]:
    while True:
        try:
            yield from client.watch(service)
        except (UnimplementedError, UnauthenticatedError, PermissionDeniedError):
            raise
        except HousingError:
            yield Health.UNREACHABLE
        time.sleep(_PAUSE)
