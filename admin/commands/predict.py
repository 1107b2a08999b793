"""Asks a server for prices."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..base import options
from ..base.errors import ServerError, UsageError
from ..base.options import Text
from ..base.settings import Settings
from ..server import houses_to_price
from ..terminal.console import Console

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
    """
    houses, notes = _houses(features, options.given(file, "--file"), document)
    for note in notes:
        console.say(note)
    # Several were asked for as a file or a list, whatever their number.
    alone = file is None and not (document or "").lstrip().startswith("[")
    address = options.given(target, "--target") or settings.target
    from ..server.client import connect

    with connect(settings, address, tls=options.flag(tls, "--tls")) as server:
        found = [server.predict_one(houses[0])] if alone else server.predict(houses)
        unit = "" if console.as_json else _unit(server)
    if alone:
        _show_one(console, found[0], unit)
        console.give(found[0].document)
    else:
        _show(console, found, unit)
        console.give([each.document for each in found])


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
    columns = ("house", f"price ({unit})" if unit else "price", "imputed", "notes")
    rows = [
        (
            str(number),
            "-" if each.price is None else f"{each.price:.3f}",
            ", ".join(each.imputed) or "-",
            "; ".join((each.error, *each.warnings) if each.error else each.warnings) or "-",
        )
        for number, each in enumerate(found, start=1)
    ]
    console.table(columns, rows)


def _show_one(console: Console, found: "Prediction", unit: str) -> None:
    console.show(f"{found.price:.3f} {unit} (model version {found.version})".replace("  ", " "))
    if found.imputed:
        console.show(f"imputed: {', '.join(found.imputed)}")
    for warning in found.warnings:
        console.show(f"warning: {warning}")


def _unit(server: "ServerClient") -> str:
    # A key that may predict need not be one that may ask about the model.
    try:
        return server.info().target.unit
    except ServerError:
        return ""
