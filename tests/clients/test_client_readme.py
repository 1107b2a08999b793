"""The README's examples run as they stand there, and it names every command."""

import contextlib
import io
import re
import sys
from pathlib import Path

import pytest

from clients import python as housing
from clients.python.command.main import COMMANDS
from tests.conftest import ROOT

TEXT = (ROOT / "clients" / "python" / "README.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", TEXT, re.DOTALL)

# Prices, versions and times are those of the model that happens to serve.
_VARYING = re.compile(r"\d+\.\d+|\b[0-9a-f]{12}\b|gradient_boost|linear")


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == 6


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_prints_what_it_says(
    number: int, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, said = EXAMPLES[number]
    monkeypatch.chdir(ROOT)
    monkeypatch.setitem(sys.modules, "housing_client", housing)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code.replace("localhost:50051", address), {"__name__": "example"})  # noqa: S102
    assert _VARYING.sub("?", printed.getvalue()) == _VARYING.sub("?", said)


def test_every_command_is_shown() -> None:
    for name in COMMANDS:
        assert f"$ housing {name}" in TEXT, name


def test_every_public_name_is_exported_once() -> None:
    assert sorted(set(housing.__all__)) == sorted(housing.__all__)
    assert all(hasattr(housing, name) for name in housing.__all__)
    assert (Path(housing.__file__).parent / "py.typed").exists()
