"""docs/operations.md says what the code does."""

import re
from pathlib import Path

import pytest

from housing_grpc.base import errors
from housing_grpc.base.errors import Reason
from housing_grpc.rest.http import errors as proxy_errors
from housing_grpc.rest.http import status as proxy_status
from tools import operations

PAGE = operations.PAGE.read_text(encoding="utf-8")
SERVER, PROXY = PAGE.partition("### Of the REST proxy\n")[::2]
ROOT = Path(__file__).parents[2]


def rows(part: str) -> dict[str, str]:
    """Returns the second column of the tables of a part, by the first."""
    return dict(re.findall(r"^\| `([A-Z_]+)` \| (\S+) \| \S", part, re.MULTILINE))


def test_the_tables_of_settings_and_metrics_are_those_of_the_code() -> None:
    assert operations.current(PAGE) == PAGE


def test_every_reason_of_the_server_is_told_with_its_code() -> None:
    told = rows(SERVER.partition("### Of the server\n")[2])
    assert told == {reason.value: reason.code.name for reason in Reason}


def test_every_reason_of_the_proxy_is_told_with_its_http_status() -> None:
    expected = {
        reason.value: str(reason.http or proxy_status.HTTP_STATUS[reason.code])
        for reason in proxy_errors.Reason
    }
    assert rows(PROXY.partition("\n## ")[0]) == expected


@pytest.mark.parametrize("name", [name for name in dir(errors) if name.startswith("EXIT_")])
def test_every_exit_code_is_told(name: str) -> None:
    assert re.search(rf"^\| {getattr(errors, name)} \| \S", PAGE, re.MULTILINE)


def test_every_variable_that_the_page_names_is_one() -> None:
    known = set(re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    named = set(re.findall(r"`([A-Z]+_[A-Z_]+)(?:=\w+)?`", PAGE))
    reasons = {*Reason, *proxy_errors.Reason}
    assert {each for each in named - known - reasons if not each.startswith("OTEL_")} == set()
