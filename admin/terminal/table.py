"""Draws a table at a terminal: whole at any width, for people copy what stands in it."""

from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console as Terminal
from rich.table import Table

Cells = Sequence[str]

# Between two columns.
_GAPS = (2, 1)


def show(columns: Cells, rows: Sequence[Cells], *, title: str, spare: Sequence[str]) -> None:
    """Draw a table no wider than the terminal, in which no word is cut or broken.

    Texts of several words are wrapped. Where that is not enough, columns are left out, which a
    last line names; where even that is not enough, each row becomes lines of its own.

    Args:
        columns: Names of the columns.
        rows: Texts, one a column.
        title: Stands above the table; "" for none.
        spare: Columns that may be left out, the first one first.
    """
    terminal = Terminal(markup=False, highlight=False)
    if title:
        # Not the table's own, which would be wrapped to the width of the table.
        terminal.print(title, style="bold")
    for count in range(len(spare) + 1):
        kept = [place for place, name in enumerate(columns) if name not in spare[:count]]
        shown = [[row[place] for place in kept] for row in (columns, *rows)]
        for gap in _GAPS:
            widths = _widths(shown, terminal.width - gap * (len(kept) - 1))
            if widths is not None:
                terminal.print(_table(shown, widths, gap))
                if count:
                    left_out = ", ".join(spare[:count])
                    terminal.print(f"(A wider terminal also shows: {left_out}.)", soft_wrap=True)
                return
    for row in rows:
        lines = [f"{name}: {text}" for name, text in zip(columns, row, strict=True)]
        terminal.print("\n".join((*lines, "")), soft_wrap=True)


def _widths(rows: Sequence[Cells], room: int) -> list[int] | None:
    """Return the width of each column, or None if there is not enough room for all words."""
    cells = list(zip(*rows, strict=True))
    least = [
        max(cell_len(word) for text in column for word in ["", *text.split()]) for column in cells
    ]
    widths = [max(map(cell_len, column)) for column in cells]
    if sum(least) > room:
        return None
    while sum(widths) > room:
        # What has most to give, gives.
        place = max(range(len(widths)), key=lambda each: (widths[each] > least[each], widths[each]))
        widths[place] -= 1
    return widths


def _table(rows: Sequence[Cells], widths: Sequence[int], gap: int) -> Table:
    table = Table(box=None, padding=(0, gap, 0, 0), pad_edge=False, header_style="bold")
    for name, width in zip(rows[0], widths, strict=True):
        table.add_column(name, width=width, overflow="fold")
    for row in rows[1:]:
        table.add_row(*row)
    return table
