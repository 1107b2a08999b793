"""docs/architecture.md draws the parts as they are."""

from tools import architecture

PAGE = architecture.PAGE.read_text(encoding="utf-8")


def test_the_pictures_are_those_of_the_imports() -> None:
    assert architecture.current(PAGE) == PAGE
    assert PAGE.count("```mermaid") == 3
