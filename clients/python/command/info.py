"""`housing info`: all about the live model."""

import argparse
import json
from collections.abc import Iterator

from .. import json_form, requests
from ..results import ModelInfo
from . import options

HELP = "show all about the live model"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of this command."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(given: argparse.Namespace) -> int:
    """Prints what is known."""
    with options.connect(given) as client:
        found = client.info(timeout=options.timeout(given, requests.INFO_SECONDS))
    print(json.dumps(json_form.of_info(found)) if given.json else _text(found))
    return 0


def _text(found: ModelInfo) -> str:
    target = found.target
    stale = ", the last one known: the registry does not answer" if found.stale else ""
    back = f", rolled back from {found.rolled_back_from}" if found.rolled_back_from else ""
    lines = [
        f"{found.name} version {found.version}{stale}{back}",
        f"  model        {found.model_type}, {found.preprocessing}",
        f"  predicts     {target.name}, {target.min:g} to {target.max:g} {target.unit}",
        f"  trained      {found.trained_at:%Y-%m-%d %H:%M:%S} UTC",
        f"  live since   {found.loaded_at:%Y-%m-%d %H:%M:%S} UTC, generation {found.generation}",
        f"  from         {found.source}, bundle {found.bundle_digest[:12]}",
        f"  server       {found.server_version}",
        f"  evaluator    {found.evaluator or '-'}",
        *(f"  {name:<12} {text}" for name, text in _honesty(found)),
        *(f"  {name:<12} {value:g}" for name, value in sorted(found.metrics.items())),
        "  features",
    ]
    lines += [
        f"    {each.name:<8} {each.min:>9g} to {each.max:<9g} {each.description}"
        for each in found.features
    ]
    return "\n".join(lines)


def _honesty(found: ModelInfo) -> Iterator[tuple[str, str]]:
    """Yields how it is told how sure a price is, how unusual its house, and what makes it."""
    texts = dict.fromkeys(("interval", "unusual", "explanation"), "not in the bundle")
    if found.interval:
        each = found.interval
        towns = f"; {each.coverage_by_town:.1%} where towns are held out"
        texts["interval"] = (
            f"{each.level:.0%}: covers {each.coverage:.1%} out of fold, {each.width:.3g} wide"
            f"{towns if each.coverage_by_town else ''}"
        )
    if found.applicability:
        known = found.applicability
        # A copula has no houses.
        houses = f", of {known.houses} known houses" if known.houses > 1 else ""
        texts["unusual"] = f"{known.method}{houses}"
    if found.explanation:
        most = found.explanation.max_rows
        texts["explanation"] = f"from {found.explanation.base:.4f}, at most {most} prices a call"
    yield from texts.items()
