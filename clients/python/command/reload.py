"""`housing reload`: makes another model live."""

import argparse
import json

from .. import json_form, requests
from . import options
from .files import UsageError

HELP = "make another model live; without a target, the one of the server's alias"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of this command."""
    target = parser.add_mutually_exclusive_group()
    target.add_argument("--version", metavar="NUMBER", help="a registered version")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--dry-run", action="store_true", help="change nothing; print how prices would change"
    )
    target.add_argument("--alias", metavar="NAME", help="an alias of the registered model")


def run(given: argparse.Namespace) -> int:
    """Prints which model was live and which is."""
    if "" in (given.version, given.alias):
        raise UsageError("--version and --alias need a value; without either, the server decides")
    with options.connect(given) as client:
        seconds = options.timeout(given, requests.RELOAD_SECONDS)
        found = client.reload(
            version=given.version, alias=given.alias, dry_run=given.dry_run, timeout=seconds
        )
    if given.json:
        print(json.dumps(json_form.of_reload(found)))
        return 0
    took = f"{found.duration.total_seconds():.2f} s"
    if found.diff is not None:
        print(f"{found.previous_version} is live, {found.version} would be; nothing changed")
        print(
            f"{found.diff.rows} {found.diff.rows_from}: mean change {found.diff.mean_change:+.2f}, "
            f"99 % within {found.diff.p99_change:.2f}, largest {found.diff.largest_change:.2f}"
        )
    elif found.changed:
        print(f"{found.previous_version} -> {found.version} in {took}")
    else:
        print(f"{found.version} is live already")
    return 0
