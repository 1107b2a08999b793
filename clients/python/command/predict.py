"""`housing predict`: the price of one house."""

import argparse
import json
import math
import sys
from typing import Any

from housing_table import cells

from .. import json_form, json_text, requests
from ..errors import InvalidArgumentError
from ..results import Prediction
from . import options

HELP = "price one house: housing predict RM=6.5 LSTAT=4.98"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of this command."""
    parser.add_argument("features", nargs="*", metavar="NAME=VALUE", help="such as RM=6.5")
    parser.add_argument("--house", metavar="JSON", help='such as {"RM": 6.5}; "-" reads it')
    parser.add_argument("--json", action="store_true", help="print the whole answer as JSON")


def run(given: argparse.Namespace) -> int:
    """Prints the price; warnings go beside it."""
    house = {**_from_json(given.house), **dict(map(_pair, given.features))}
    with options.connect(given) as client:
        seconds = options.timeout(given, requests.PREDICT_SECONDS)
        found = client.predict(house, timeout=seconds)
    if given.json:
        print(json.dumps(json_form.of_prediction(found)))
    else:
        _show(found)
    return 0


def _show(found: Prediction) -> None:
    print(f"{found.price:.4f}")
    for warning in found.warnings or ():
        print(f"warning: {warning}", file=sys.stderr)
    if found.imputed_features:
        print(f"filled in: {', '.join(found.imputed_features)}", file=sys.stderr)
    print(f"model {found.model_version}", file=sys.stderr)


def _from_json(text: str | None) -> dict[str, Any]:
    if text is None:
        return {}
    try:
        found: dict[str, Any] = json_text.parse(sys.stdin.read() if text == "-" else text)
        json_text.check(found)
    except InvalidArgumentError as error:
        raise error.inside("house") if error.violations else error from None
    return found


def _pair(text: str) -> tuple[str, float]:
    name, equals, value = text.partition("=")
    found = cells.number(value)
    if found is not None and not math.isnan(found):
        return name, found
    what = f"{value!r} is no number" if equals else "has no value"
    raise InvalidArgumentError(f"{text}: {what}; write for example RM=6.5", reason="NOT_A_NUMBER")
