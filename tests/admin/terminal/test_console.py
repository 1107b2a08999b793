"""What the registry or a server says is shown to a terminal, and tells it nothing."""

import io
from collections.abc import Callable

import pytest

from admin.terminal.console import Console

# Clears the screen, sets the clipboard, turns the direction, and begins a line and a column.
HOSTILE = "\x1b[2J\x1b]52;c;eA==\x07\u202ex\n9\tproduction\x9b"
SHOWN = r"\x1b[2J\x1b]52;c;eA==\x07\u202ex\n9\tproduction\x9b"

WAYS: dict[str, Callable[[Console], None]] = {
    "say": lambda console: console.say(HOSTILE),
    "show": lambda console: console.show(HOSTILE),
    "table": lambda console: console.table(("name",), [[HOSTILE]], title=HOSTILE),
}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("way", WAYS)
def test_elsewhere_than_at_a_terminal(way: str, capsys: pytest.CaptureFixture[str]) -> None:
    WAYS[way](Console())
    said = capsys.readouterr()
    assert (said.out + said.err).splitlines()[-1] == SHOWN


def test_a_table_at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERM", "dumb")
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    WAYS["table"](Console())
    assert terminal.getvalue().count(SHOWN) == 2
    assert all(c.isprintable() for line in terminal.getvalue().split("\n") for c in line)


def test_other_scripts_are_left_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    Console().show("Häuser 家 \\n")
    assert capsys.readouterr().out == "Häuser 家 \\n\n"
