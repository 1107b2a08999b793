import json
from dataclasses import replace

import pytest

from admin.base.errors import RegistryError, UsageError
from admin.tracking.audit import entry as entries
from admin.tracking.audit.entry import Entry

FIRST = Entry(
    sequence=1,
    at="2026-05-04T10:00:00.000+00:00",
    who="anna@train-1",
    action="promote",
    alias="production",
    from_version=None,
    to_version=1,
    from_digest="",
    to_digest="ab" * 32,
    evidence_digest="",
    reason='"größer"',
    before="",
    outcome="done",
)


def test_an_entry_is_read_as_it_was_written() -> None:
    assert entries.read(entries.written(FIRST)) == FIRST


def test_the_longest_entry_fits_into_a_tag() -> None:
    longest = replace(
        FIRST,
        alias="a" * 255,
        who='"' * 200,
        reason='"' * 1000,
        from_version=2**31,
        from_digest="a" * 64,
        evidence_digest="a" * 64,
        before="a" * 64,
    )
    assert len(entries.written(longest)) < 4000


def test_an_entry_that_no_tag_could_hold_is_refused() -> None:
    with pytest.raises(RegistryError, match="MLflow keeps 5,000 of a tag"):
        entries.written(replace(FIRST, to_digest="a" * 5000))


@pytest.mark.parametrize(
    "change",
    [
        {"outcome": "maybe"},
        {"sequence": "1"},
        {"sequence": True},
        {"to_version": None},
        {"at": "yesterday"},
        {"at": "0001-01-01T00:00:00+23:00"},
        {"reason": None},
        {"more": ""},
        {"to_version": 0},
        {"from_version": 10**4000},
        # Nobody could say of these that they are done.
        {"reason": "x" * 5000},
        {"reason": "\ud800"},
    ],
)
def test_what_is_no_entry_is_not_read(change: dict[str, object]) -> None:
    document = json.loads(entries.written(FIRST)) | change
    compact = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    assert entries.read(compact) is None
    assert entries.read(json.dumps(document, separators=(",", ":"))) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", "[" * 100_000, "1" * 5000])
def test_a_tag_of_somebody_else_is_not_read(text: str) -> None:
    assert entries.read(text) is None


def test_a_reason_is_one_line_of_at_most_1000_characters() -> None:
    assert entries.checked_reason(" it was\n  better ") == "it was better"
    assert entries.checked_reason("ü" * 1000) == "ü" * 1000
    with pytest.raises(UsageError, match="has 1,001 characters; give at most 1,000"):
        entries.checked_reason("x" * 1001)
    with pytest.raises(UsageError, match="cannot be printed"):
        entries.checked_reason("a\x00b")
