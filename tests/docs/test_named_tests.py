"""The pages name tests and files that are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("admin", "bench", "clients", "deploy", "housing_grpc", "tests", "tools")


@pytest.mark.parametrize(("page", "least"), [("security.md", 50), ("architecture.md", 11)])
def test_every_test_that_it_names_is_there(page: str, least: int) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    named = set(re.findall(r"`(?:tests/)?((?:\w+/)*test_\w+\.py)`", text))
    assert len(named) >= least
    tests = list((ROOT / "tests").rglob("test_*.py"))
    assert {name for name in named if not any(test.match(name) for test in tests)} == set()


def test_every_file_that_a_page_names_is_there() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    text = "".join(page.read_text(encoding="utf-8") for page in pages)
    named = set(re.findall(r"`((?:\w+/)+\w+\.(?:py|c|sh))`", text))
    assert len(named) >= 30
    files = [file for top in FOLDERS for file in (ROOT / top).rglob("*.*")]
    assert {name for name in named if not any(file.match(name) for file in files)} == set()
