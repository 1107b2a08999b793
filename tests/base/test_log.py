"""Log lines: for people, and for collectors."""

import json
import logging
import re
from collections.abc import Iterator

import pytest

from housing_grpc.base import log
from housing_grpc.base.log import Format

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
LOGGER = logging.getLogger("housing_grpc.of_a_test")

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger(log.ROOT)
    before = (list(root.handlers), root.level, root.propagate)
    yield
    root.handlers[:], root.propagate = before[0], before[2]
    root.setLevel(before[1])


def logged(style: Format, capsys: Captured, **fields: object) -> str:
    log.configure("info", style)
    log.event(LOGGER, logging.INFO, "some.event", error=None, **fields)
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("plain", "plain"),
        (7, "7"),
        (None, "None"),
        ("", '""'),
        ("two words", '"two words"'),
        ('a"b', r'"a\"b"'),
        ("a=b", '"a=b"'),
        ("a\nINFO forged", r'"a\nINFO forged"'),
        ("a\x1b[2Jb", r'"a\u001b[2Jb"'),
        ("a\u2028b", r'"a\u2028b"'),
        ("a\tb", r'"a\tb"'),
    ],
)
def test_a_line_for_people(capsys: Captured, value: object, shown: str) -> None:
    line = logged("text", capsys, first=1, value=value)
    assert re.fullmatch(rf"{TIME} INFO some\.event first=1 value={re.escape(shown)}\n", line), line


def test_a_line_without_fields(capsys: Captured) -> None:
    assert re.fullmatch(rf"{TIME} INFO some\.event\n", logged("text", capsys))


def test_a_line_for_collectors(capsys: Captured) -> None:
    line = logged("json", capsys, text='a "b"\n', number=1.5, flag=True, nothing=None)
    entry = json.loads(line)
    assert re.fullmatch(TIME, entry.pop("time"))
    assert (line.count("\n"), line[-1]) == (1, "\n")
    assert entry == {
        "level": "info",
        "event": "some.event",
        "text": 'a "b"\n',
        "number": 1.5,
        "flag": True,
        "nothing": None,
    }


@pytest.mark.parametrize("style", ["text", "json"])
def test_an_error_comes_with_its_stack(capsys: Captured, style: Format) -> None:
    log.configure("info", style)
    try:
        float("a price")
    except ValueError as error:
        log.event(LOGGER, logging.ERROR, "some.failure", error=error)
    text = capsys.readouterr().err
    if style == "json":
        assert text.count("\n") == 1
        text = json.loads(text)["exception"]
    assert "Traceback (most recent call last):\n" in text
    assert text.rstrip().endswith("could not convert string to float: 'a price'")


def test_what_is_below_the_level_is_not_logged(capsys: Captured) -> None:
    log.configure("warning", "text")
    log.event(LOGGER, logging.INFO, "some.event")
    assert capsys.readouterr().err == ""


def test_configuring_again_does_not_log_twice(capsys: Captured) -> None:
    log.configure("debug", "text")
    assert logged("text", capsys).count("\n") == 1


@pytest.mark.parametrize("style", ["text", "json"])
def test_what_a_library_says_of_a_caller_clears_no_terminal_and_forges_no_line(
    capsys: Captured, style: Format
) -> None:
    log.configure("info", style)
    LOGGER.warning("no such header: %s", "a\x1b[2J\nINFO keys.reloaded")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.isprintable()
    assert r"no such header: a\u001b[2J\nINFO keys.reloaded" in line


def test_nor_does_an_error(capsys: Captured) -> None:
    log.configure("info", "text")
    log.event(LOGGER, logging.ERROR, "some.event", error=ValueError("a\x1b[2J\rb"))
    assert capsys.readouterr().err.endswith("ValueError: a\\u001b[2J\\rb\n")
