"""How many processors there are to use."""

import os
from pathlib import Path

import pytest

from housing_grpc.base import processors


@pytest.mark.parametrize(
    ("limit", "count"),
    [("50000 100000", 1), ("100000 100000", 1), ("100001 100000", 2), ("150000 100000", 2)],
)
def test_a_container_may_use_less_than_there_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, limit: str, count: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)))
    (tmp_path / "cpu.max").write_text(limit + "\n")
    assert processors.usable(tmp_path / "cpu.max") == count


@pytest.mark.parametrize("limit", ["max 100000\n", "", None])
def test_without_a_limit_it_is_what_the_process_may_run_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, limit: str | None
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {2, 5, 7})
    if limit is not None:
        (tmp_path / "cpu.max").write_text(limit)
    assert processors.usable(tmp_path / "cpu.max") == 3
