"""Keeps the tables of docs/operations.md in step with the code.

python tools/operations.py check    fails if a table is not what the code says
python tools/operations.py write    writes the tables anew
"""

import re
import sys
import typing
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from housing_grpc.base.metric_family import Family
from housing_grpc.base.options import SECRET
from housing_grpc.metrics.catalogue import DOCUMENTED
from housing_grpc.rest.metrics import CATALOGUE
from housing_grpc.rest.settings import Settings as ProxySettings
from housing_grpc.settings import Settings as ServerSettings

PAGE = Path(__file__).resolve().parent.parent / "docs" / "operations.md"
_BLOCK = re.compile(r"(<!-- table: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)


def _settings(kind: type[msgspec.Struct]) -> str:
    hints = typing.get_type_hints(kind, include_extras=True)
    rows = []
    for field in msgspec.structs.fields(kind):
        notes = hints[field.name].__metadata__
        text = next(note.description for note in notes if getattr(note, "description", None))
        default = field.default if field.default != "" else "none"
        shown = str(default).lower() if isinstance(default, bool) else f"{default}"
        if SECRET in notes:
            text += "; has no flag"
        rows.append((f"`{field.name.upper()}`", shown, text))
    return _table(("Variable", "Default", "What it sets"), rows)


def _metrics(families: Sequence[Family]) -> str:
    rows = ((f"`{each.name}`", each.kind, ", ".join(each.labels), each.help) for each in families)
    return _table(("Metric", "Type", "Labels", "What it shows"), rows)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(cell or ' ' for cell in line)} |\n" for line in lines)


def current(page: str) -> str:
    """Returns a page with its tables as the code has them."""
    tables = {
        "server-settings": _settings(ServerSettings),
        "proxy-settings": _settings(ProxySettings),
        "metrics": _metrics(DOCUMENTED),
        "proxy-metrics": _metrics(CATALOGUE),
    }
    return _BLOCK.sub(lambda found: f"{found[1]}{tables[found[2]]}{found[3]}", page)


def main(mode: str) -> int:
    """Checks or writes; returns the exit code."""
    page = PAGE.read_text(encoding="utf-8")
    wanted = current(page)
    if mode == "write":
        PAGE.write_text(wanted, encoding="utf-8")
        return 0
    if page != wanted:
        print("docs/operations.md: a table is out of step; `make docs`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
