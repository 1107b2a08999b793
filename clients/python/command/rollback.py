"""`housing rollback`: makes the previous model live again."""

import argparse
import json

from .. import json_form, requests
from . import options

HELP = "make the previous model live again, which the server has in memory for some time"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of this command."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(given: argparse.Namespace) -> int:
    """Prints which model was live and which is."""
    with options.connect(given) as client:
        found = client.rollback(timeout=options.timeout(given, requests.ROLLBACK_SECONDS))
    if given.json:
        print(json.dumps(json_form.of_rollback(found)))
    else:
        seconds = found.duration.total_seconds()
        print(f"back from {found.previous_version} to {found.version} in {seconds:.3f} s")
    return 0
