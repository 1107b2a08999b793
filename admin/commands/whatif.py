"""Asks a server how the price of a house changes with one of its features."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..base import options
from ..base.errors import UsageError
from ..base.options import Text, number_in
from ..base.settings import Settings
from ..server import houses_to_price
from ..terminal.console import Console
from ..terminal.explanation import cells

if TYPE_CHECKING:
    from ..server.answers import Prediction

_MOST = 500
_UNLIKE = 0.01
_WIDTH = 20


def run(
    console: Console,
    settings: Settings,
    *,
    features: Mapping[str, str],
    file: Text = None,
    level: Text = None,
    target: Text = None,
    tls: Text = None,
) -> None:
    """Show the price at each value of a feature.

    Args:
        console: Where the prices go.
        settings: The usual server, and its key.
        features: One as LOW:HIGH:STEP, the others as flags of `predict`.
        file: CSV or Parquet file with one house, instead of the other flags.
        level: Share of prices that intervals are to hold.
        target: Server (host:port).
        tls: Whether to encrypt the connection.
    """
    swept = [name for name, text in features.items() if ":" in text]
    if len(swept) != 1:
        raise UsageError("give one feature as LOW:HIGH:STEP, such as --RM 5:8:0.5")
    others = {name: text for name, text in features.items() if name not in swept}
    path = options.given(file, "--file")
    if path is not None and others:
        raise UsageError("give the other features as flags, or --file: only one")
    # Its name is checked as that of any feature.
    (feature,) = houses_to_price.from_flags({swept[0]: "0"})
    values = _values(swept[0], features[swept[0]])
    house = houses_to_price.from_flags(others)
    if path is not None:
        house = houses_to_price.one_from_file(path, "--file")
    address = options.given(target, "--target") or settings.target
    share = options.level(level)
    from ..server.client import Asked, connect

    with connect(settings, address, tls=options.flag(tls, "--tls")) as server:
        houses = [{**house, feature: value} for value in values]
        found = server.predict(houses, Asked(level=share))
    _show(console, feature, values, found)
    console.give(
        [
            {"value": value, "off_the_data": _is_off(each, feature), **each.document}
            for value, each in zip(values, found, strict=True)
        ]
    )


def _values(name: str, text: str) -> list[float]:
    """Return the values that LOW:HIGH:STEP means, both ends included.

    Raises:
        UsageError: It means none, or too many.
    """
    parts = [number_in(part) for part in text.split(":")]
    low, high, step = (*parts, None, None, None)[:3]
    if len(parts) != 3 or low is None or high is None or step is None:
        raise UsageError(f"--{name}: {text!r} is not LOW:HIGH:STEP; give for example 5:8:0.5")
    # NaN and infinity are none of these.
    if not (step > 0 and low <= high and (high - low) / step < _MOST):
        raise UsageError(
            f"--{name}: {text!r} is not right; LOW is at most HIGH, STEP above zero, "
            f"and there are at most {_MOST} values"
        )
    # Rounded, so that 0.1 taken three times is 0.3; one step of a billionth is for the last end.
    return [round(low + place * step, 12) for place in range(int((high - low) / step + 1e-9) + 1)]


def _is_off(found: "Prediction", feature: str) -> bool:
    """Return whether a house is none that the model can know."""
    said = found.said
    if said is None:
        return False
    is_outside = any(each.feature == feature for each in said.range_warnings)
    return is_outside or (said.HasField("applicability") and said.applicability.p_value < _UNLIKE)


def _show(console: Console, feature: str, values: list[float], found: "list[Prediction]") -> None:
    most = max((each.price for each in found if each.price is not None), default=0.0)
    rows = [
        (f"{value:g}", *_cells(each, most), each.error or "off the data" * _is_off(each, feature))
        for value, each in zip(values, found, strict=True)
    ]
    # A cell is never empty, so that all columns are there where tabs part them.
    shown = [tuple(cell or "-" for cell in row) for row in rows]
    console.table((feature, "price", "lower", "upper", "curve", "notes"), shown, spare=("curve",))


def _cells(found: "Prediction", most: float) -> tuple[str, str, str, str]:
    if found.price is None or found.said is None:
        return "", "", "", ""
    lower, upper, _ = cells(found.said)
    bar = "#" * max(0, round(_WIDTH * (found.price / most))) if most > 0 else ""
    return f"{found.price:.3f}", lower, upper, bar
