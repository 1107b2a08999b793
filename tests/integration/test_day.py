"""The day in the README, as it is printed."""

import re
import shlex
from collections.abc import Iterator
from contextlib import AbstractContextManager

import pytest

from tests.integration import stack
from tests.integration.stack import STORES, Stack
from tests.support.processes import ROOT

pytestmark = pytest.mark.integration

HEADING = "### A day with three models"


def lines() -> Iterator[tuple[list[str], int]]:
    """Yields each command of the README, and its exit code."""
    text = (ROOT / "README.md").read_text().partition(HEADING)[2]
    block = re.search(r"```sh\n(.*?)```", text, re.DOTALL)
    assert block is not None
    for line in block[1].splitlines():
        code = re.search(r"# .*exit code (\d+)", line)
        program, *arguments = shlex.split(line, comments=True)
        assert program == "housing-admin"
        yield arguments, int(code[1]) if code else 0


@pytest.mark.parametrize(
    "opened", [stack.embedded(), stack.real(STORES["minio"])], ids=["embedded", "minio"]
)
def test_the_day_of_the_readme(opened: AbstractContextManager[Stack]) -> None:
    with opened as models:
        for arguments, code in lines():
            done = models.admin(*arguments)
            assert done.returncode == code, (arguments, done.stdout, done.stderr)
        found = models.told("history", "--verify")
        moves = [(each["action"], each["to_version"]) for each in found["entries"]]
        assert moves == [("rollback", "3"), ("force", "1"), ("promote", "3")]
        assert found["whole"]
