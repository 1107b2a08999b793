"""The pages name a test for each guard, and for each thing that a library does not document."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("page", "least"), [("security.md", 50), ("architecture.md", 11)])
def test_every_test_that_it_names_is_there(page: str, least: int) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    named = set(re.findall(r"`(?:tests/)?((?:\w+/)*test_\w+\.py)`", text))
    assert len(named) >= least
    tests = list((ROOT / "tests").rglob("test_*.py"))
    assert {name for name in named if not any(test.match(name) for test in tests)} == set()
