"""Keeps the pictures of docs/architecture.md in step with the code.

python -m tools.architecture check    fails if a picture is not what the imports say
python -m tools.architecture write    draws the pictures anew
"""

import ast
import re
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "architecture.md"
_BLOCK = re.compile(r"(<!-- picture: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)

Arrows = Mapping[str, set[str]]


def picture(package: str) -> str:
    """Returns the rooms of a package, its modules and folders, and which imports which."""
    arrows = _arrows(package)
    rooms = [room for layer in _layers(package) for room in layer]
    lines = [f"    {room} --> {other}" for room in rooms for other in _shortest(arrows, room)]
    table = [f"| `{room}` | {_purpose(package, room)} |" for room in rooms]
    return "\n".join((
        "```mermaid", "flowchart TD", *lines, "```", "", "| | |", "|---|---|", *table, "",
    ))  # fmt: skip


def current(page: str) -> str:
    """Returns a page with its pictures as the code has them."""
    return _BLOCK.sub(lambda found: f"{found[1]}{picture(found[2])}{found[3]}", page)


def _arrows(package: str) -> Arrows:
    graph = grimp.build_graph(package.partition(".")[0])
    arrows: dict[str, set[str]] = defaultdict(set)
    room_of = {
        module: module.removeprefix(f"{package}.").partition(".")[0]
        for module in graph.modules
        if module.startswith(f"{package}.")
    }
    for module, room in room_of.items():
        imported = graph.find_modules_directly_imported_by(module) & room_of.keys()
        arrows[room] |= {room_of[other] for other in imported} - {room}
    return arrows


def _layers(package: str) -> list[list[str]]:
    """Returns the layers of the import contract, from top to bottom."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (layers,) = (
        contract["layers"]
        for contract in contracts["contracts"]
        if contract.get("containers") == [package]
    )
    return [layer.split(" : ") for layer in layers]


def _shortest(arrows: Arrows, room: str) -> Iterable[str]:
    """Returns what a room imports, but for what it would also reach by way of another."""
    beyond: set[str] = set()
    ahead = [other for step in arrows[room] for other in arrows.get(step, ())]
    while ahead:
        other = ahead.pop()
        if other not in beyond:
            beyond.add(other)
            ahead += arrows.get(other, ())
    return sorted(arrows[room] - beyond)


def _purpose(package: str, room: str) -> str:
    """Returns the first line of a room's docstring."""
    place = ROOT.joinpath(*package.split("."), room)
    file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    return (ast.get_docstring(ast.parse(file.read_text())) or "").partition("\n")[0]


def main(mode: str) -> int:
    """Checks or writes; returns the exit code."""
    page = PAGE.read_text(encoding="utf-8")
    wanted = current(page)
    if mode == "write":
        PAGE.write_text(wanted, encoding="utf-8")
        return 0
    if page != wanted:
        print("docs/architecture.md: a picture is out of step; `make docs`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
