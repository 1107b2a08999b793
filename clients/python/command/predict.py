"""`housing predict`: the price of one house."""

import argparse
import json
import math
import sys
from collections.abc import Iterator
from typing import Any

from housing_table import cells

from .. import json_form, json_text, requests
from ..errors import InvalidArgumentError
from ..results import Explanation, Prediction, PriceInterval
from ..sources import one_house
from . import options
from .files import UsageError

HELP = "price one house: housing predict RM=6.5 LSTAT=4.98"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of this command."""
    parser.add_argument("features", nargs="*", metavar="NAME=VALUE", help="such as RM=6.5")
    parser.add_argument("--house", metavar="JSON", help='such as {"RM": 6.5}; "-" reads it')
    parser.add_argument("--explain", action="store_true", help="say what makes the price")
    parser.add_argument(
        "--reference",
        metavar="FILE",
        help="a file with one house to explain the price against, as score reads them",
    )
    options.add_level(parser)
    parser.add_argument(
        "--receipt", action="store_true", help="give a receipt of the price, to send outcomes with"
    )
    parser.add_argument("--json", action="store_true", help="print the whole answer as JSON")


def run(given: argparse.Namespace) -> int:
    """Prints the price; warnings go beside it."""
    house = {**_from_json(given.house), **dict(map(_pair, given.features))}
    reference = None if given.reference is None else one_house(given.reference)
    with options.connect(given) as client:
        found = client.predict(
            house,
            explain=given.explain,
            reference=reference,
            level=given.level,
            receipt=given.receipt,
            timeout=options.timeout(given, requests.PREDICT_SECONDS),
        )
    if given.json:
        print(json.dumps(json_form.of_prediction(found)))
    else:
        _show(found, given.level)
    return 0


def _show(found: Prediction, level: float | None) -> None:
    print(f"{found.price:.4f}")
    if found.explanation is not None:
        print("\n".join(_lines(found.explanation)))
    if found.interval is not None:
        print(_of_interval(found.interval), file=sys.stderr)
    elif level is not None:
        print(f"{100 * level:g} % interval: none; too few known houses for it", file=sys.stderr)
    if found.applicability is not None:
        print(f"p-value {found.applicability.p_value:.3g}", file=sys.stderr)
    for warning in found.warnings or ():
        print(f"warning: {warning}", file=sys.stderr)
    if found.imputed_features:
        print(f"filled in: {', '.join(found.imputed_features)}", file=sys.stderr)
    if found.receipt is not None:
        print(f"receipt {found.receipt}", file=sys.stderr)
    print(f"model {found.model_version}", file=sys.stderr)


def _of_interval(interval: PriceInterval) -> str:
    share = f"{100 * interval.level:g} % interval"
    return f"{share}: {interval.lower:.4f} to {interval.upper:.4f}"


def _lines(explanation: Explanation) -> Iterator[str]:
    """Yields what makes a price: the base, then the features that add or take the most."""
    yield f"  {'base':<8}{explanation.base:>10.4f}"
    for each in sorted(explanation.contributions, key=lambda each: -abs(each.amount)):
        filled = ", filled in" if each.imputed else ""
        yield f"  {each.feature:<8}{each.amount:>+10.4f}  ({each.value:g}{filled})"


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
    if name and found is not None and not math.isnan(found):
        return name, found
    what = f"{value!r} is no number" if equals else "has no value"
    raise UsageError(f"{text}: {what if name else 'has no name'}; write for example RM=6.5")
