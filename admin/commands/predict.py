"""Asks a server for prices."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..base import options
from ..base.errors import ServerError, UsageError
from ..base.options import Text
from ..base.settings import Settings
from ..server import houses_to_price
from ..terminal.console import Console
from ..terminal.explanation import bars, cells, lines

if TYPE_CHECKING:
    from ..server.answers import Prediction
    from ..server.client import ServerClient


def run(
    console: Console,
    settings: Settings,
    *,
    features: Mapping[str, str],
    file: Text = None,
    document: Text = None,
    target: Text = None,
    tls: Text = None,
    explain: Text = None,
    reference: Text = None,
    level: Text = None,
) -> None:
    """Show the price of each house.

    Args:
        console: Where the prices go.
        settings: The usual server, and its key.
        features: One house, as flags.
        file: CSV or Parquet file of houses.
        document: JSON of houses.
        target: Server (host:port).
        tls: Whether to encrypt the connection.
        explain: Whether to say what makes each price.
        reference: CSV or Parquet file with one house to explain prices against.
        level: Share of prices that intervals are to hold.
    """
    beside = _beside(options.flag(explain, "--explain"), reference, level)
    houses, notes = _houses(features, options.given(file, "--file"), document)
    for note in notes:
        console.say(note)
    # Several were asked for as a file or a list, whatever their number.
    alone = file is None and not (document or "").lstrip().startswith("[")
    address = options.given(target, "--target") or settings.target
    from ..server.client import Asked, connect

    asked = Asked(**beside)

    with connect(settings, address, tls=options.flag(tls, "--tls")) as server:
        found = [server.predict_one(houses[0], asked)] if alone else server.predict(houses, asked)
        unit = "" if console.as_json else _unit(server)
    if alone:
        _show_one(console, found[0], unit, asked.level)
        console.give(found[0].document)
    else:
        _show(console, found, unit)
        console.give([each.document for each in found])


def _beside(explain: bool, reference: Text, level: Text) -> dict[str, Any]:
    """Return what is asked for beside prices."""
    path = options.given(reference, "--reference")
    against = None if path is None else houses_to_price.one_from_file(path, "--reference")
    return {"explain": explain, "reference": against, "level": options.level(level)}


def _houses(
    features: Mapping[str, str], file: Text, document: Text
) -> tuple[list[houses_to_price.House], tuple[str, ...]]:
    given = [bool(features), file is not None, document is not None]
    if sum(given) > 1:
        raise UsageError("give a house as flags, or --file, or --json with a value: only one")
    if features:
        return [houses_to_price.from_flags(features)], ()
    if file is not None:
        return houses_to_price.from_file(file)
    if document is not None:
        return houses_to_price.from_json(document), ()
    return [houses_to_price.EXAMPLE], ()


def _show(console: Console, found: "list[Prediction]", unit: str) -> None:
    price = f"price ({unit})" if unit else "price"
    columns = ("house", price, "lower", "upper", "p-value", "imputed", "notes")
    rows = [
        (
            str(number),
            "" if each.price is None else f"{each.price:.3f}",
            *cells(each.said),
            ", ".join(each.imputed),
            "; ".join((each.error, *each.warnings) if each.error else each.warnings),
        )
        for number, each in enumerate(found, start=1)
    ]
    console.table(columns, [tuple(cell or "-" for cell in row) for row in rows])
    for number, each in enumerate(found, start=1):
        if each.said and each.said.HasField("explanation"):
            console.show(f"house {number}")
            for line in bars(each.said.explanation, each.said.prediction):
                console.show(line)


def _show_one(console: Console, found: "Prediction", unit: str, level: float | None) -> None:
    console.show(f"{found.price:.3f} {unit} (model version {found.version})".replace("  ", " "))
    if found.imputed:
        console.show(f"imputed: {', '.join(found.imputed)}")
    for line in lines(found.said, unit, level) if found.said else ():
        console.show(line)
    for warning in found.warnings:
        console.show(f"warning: {warning}")


def _unit(server: "ServerClient") -> str:
    # A key that may predict need not be one that may ask about the model.
    try:
        return server.info().target.unit
    except ServerError:
        return ""
