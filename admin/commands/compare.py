"""Shows how two versions differ."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..base import options
from ..base.errors import RegistryError, UsageError
from ..base.options import Text
from ..base.settings import Settings
from ..terminal.console import Console
from . import price_changes
from .mlflow_session import open_mlflow, open_records
from .models import cut, minute, number

if TYPE_CHECKING:
    from housing_grpc.registry.location import RegistryLocation

    from ..export.reading import IntervalFacts
    from ..jobs.side_by_side import Compared, Slices
    from ..tracking.records import Records

Row = tuple[str, ...]

_OF_INTERVALS: dict[str, Callable[["IntervalFacts"], str]] = {
    "coverage of 90 %": lambda each: (
        f"{100 * each.coverage:.1f} ± {100 * each.coverage_error:.1f} %"
    ),
    "  towns held out": lambda each: (
        "-" if each.town_coverage is None else f"{100 * each.town_coverage:.1f} %"
    ),
    "width of 90 %": lambda each: f"{each.width:.3g}",
    "Winkler score": lambda each: f"{each.winkler:.3g}",
}
# As many of a digest tell it from others.
_DIGITS = 12


def run(console: Console, settings: Settings, *, a: str, b: str, data: Text = None) -> None:
    """Put two versions side by side. Nothing is changed.

    Args:
        console: Where that goes.
        settings: Where MLflow is.
        a: Number of the one version.
        b: Number of the other.
        data: File of houses to price with both.

    Raises:
        UsageError: They are not two numbers.
        RegistryError: There is no such version, or it has no bundle.
    """
    numbers = _version(a, "A"), _version(b, "B")
    if numbers[0] == numbers[1]:
        raise UsageError(
            f"A and B are both {numbers[0]}; give two versions, see: housing-admin models"
        )
    file = options.given(data, "--data")
    name = settings.location.model_name
    nothing = f"{name} has no version yet; make one with: housing-admin seed"
    with open_records(console, settings, needed=nothing) as records:
        for each in numbers:
            _check(records, settings.location, each)
    with open_mlflow(console, settings) as client:
        with console.busy("Loading pandas ..."):
            from ..jobs import compare
        with console.steps(compare.STEPS, f"versions {numbers[0]} and {numbers[1]}") as step:
            found = compare.compare(
                client, settings, numbers, houses=Path(file) if file else None, step=step
            )
    _show(console, settings, found)
    console.give(found.document)


def _version(text: str, name: str) -> int:
    found = options.whole(options.given(text, name), name, low=1)
    if found is None:
        raise UsageError("say which versions: housing-admin compare 1 2; see: housing-admin models")
    return found


def _check(records: "Records", location: "RegistryLocation", number: int) -> None:
    """Refuse a version that is not there, or has no bundle, before MLflow is loaded."""
    from ..tracking.promotion import LOGGED_MODEL, holds_bundle
    from ..tracking.records import find_version

    version = find_version(records.versions(location.model_name), location, number)
    if not version.digest or not holds_bundle(records, version.source.removeprefix(LOGGED_MODEL)):
        raise RegistryError(
            f"version {number} of {location.model_name} has no bundle, so there is nothing to"
            " compare; choose another, see: housing-admin models"
        )


def _show(console: Console, settings: Settings, found: "Compared") -> None:
    one, other = (each.version.number for each in found.sides)
    rows = [*_facts(found), *_scores(found), *_intervals(found), *_parameters(found)]
    console.table(("what", f"version {one}", f"version {other}"), rows)
    console.show("±: standard deviation between the folds; -: not measured.")
    if found.slices:
        _show_slices(console, found.slices, (one, other))
    if found.difference:
        price_changes.show(console, found.difference, (one, other))
    if found.missing:
        console.show(f"No prices: {found.missing}.")
    alias = settings.location.alias
    named = [each.version.number for each in found.sides if alias in each.version.aliases]
    judged, trained = "VERSION", "it and the promoted one"
    if named:
        judged, trained = str(one if named == [other] else other), "both"
    console.show(
        f"Whether a difference is more than chance: housing-admin gate {judged}, which trains"
        f" {trained} anew."
    )


def _facts(found: "Compared") -> Iterator[Row]:
    def row(name: str, one: str, other: str) -> Row:
        return name, cut(one), cut(other)

    one, other = found.sides
    yield row("alias", ", ".join(one.version.aliases), ", ".join(other.version.aliases))
    yield row("gate", one.version.gate, other.version.gate)
    yield "registered", minute(one.version.created), minute(other.version.created)
    first, second = one.bundle.metadata, other.bundle.metadata
    yield row("model", first.model_type, second.model_type)
    yield row("preprocessing", first.preprocessing, second.preprocessing)
    yield row("data", one.data_name, other.data_name)
    yield "data SHA-256", first.data_digest[:_DIGITS], second.data_digest[:_DIGITS]
    yield "rows", str(one.rows), str(other.rows)
    yield row("unit", one.unit, other.unit)


def _scores(found: "Compared") -> Iterator[Row]:
    for score in found.scores:
        cells = (_noisy(score[side]["value"], score[side]["std"]) for side in ("a", "b"))
        yield (score["name"], *cells)


def _noisy(value: float | None, std: float | None) -> str:
    return number(value) if value is None or std is None else f"{value:.3f} ± {std:.3f}"


def _intervals(found: "Compared") -> Iterator[Row]:
    measured = [each.bundle.metadata.interval for each in found.sides]
    for name, shown in _OF_INTERVALS.items():
        yield (name, *(shown(each) if each else "-" for each in measured))


def _parameters(found: "Compared") -> Iterator[Row]:
    for name, pair in found.parameters.items():
        if name in ("model", "preprocessing"):  # Shown above.
            continue
        yield (name, *("-" if value is None else cut(str(value)) for value in pair))


def _show_slices(console: Console, slices: "Slices", numbers: tuple[int, int]) -> None:
    rows = [
        (part.name, str(part.rows), *map(number, part.rmse), number(_ratio(*part.rmse)))
        for part in slices.parts
    ]
    columns = ("houses", "rows", *(f"RMSE of {each}" for each in numbers), "ratio")
    console.table(columns, rows, title=f"Prices of {slices.file}")
    fitted = " and ".join(map(str, slices.fitted))
    text = "Neither was fitted to this file, though theirs may have houses of it, too."
    if len(slices.fitted) > 1:
        text = "Both were fitted to these houses: on others, errors are larger, in another ratio."
    elif fitted:
        text = (
            f"Version {fitted} was fitted to these houses, the other one to another file, so the"
            " errors cannot be compared."
        )
    console.show(text)


def _ratio(one: float, other: float) -> float | None:
    return other / one if one else None
