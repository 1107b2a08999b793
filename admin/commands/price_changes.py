"""Shows how prices change from one version to another."""

from typing import TYPE_CHECKING

from ..terminal.console import Console

if TYPE_CHECKING:
    from ..export.reading import Difference


def show(console: Console, found: "Difference", numbers: tuple[int, int]) -> None:
    """Show the prices that differ most, and how all of them do.

    Args:
        console: Where that goes.
        found: The difference.
        numbers: Of the two versions.
    """
    from ..jobs.price_changes import house

    rows = [
        (
            f"{each.price:.2f}",
            f"{each.new_price:.2f}",
            f"{each.new_price - each.price:+.2f}",
            ", ".join(f"{name} {value:g}" for name, value in house(each.house).items()),
        )
        for each in found.changes
    ]
    if rows:
        columns = (*(f"price of {each}" for each in numbers), "change", "house")
        console.table(columns, rows, title="Prices that differ most")
    console.show(
        f"Prices of {found.rows} golden rows: mean change {found.mean:+.2f}, 99 % within"
        f" {found.p99:.2f}, largest {found.largest:.2f}."
    )
