"""docs/security.md names a test for each guard."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_test_that_it_names_is_there() -> None:
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(?:tests/)?((?:\w+/)*test_\w+\.py)`", page))
    assert len(named) > 50
    tests = list((ROOT / "tests").rglob("test_*.py"))
    assert {name for name in named if not any(test.match(name) for test in tests)} == set()
