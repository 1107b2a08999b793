"""Commands that run in this process, and what they say."""

from collections.abc import Callable
from typing import NamedTuple

import pytest


class Said(NamedTuple):
    """What a command has printed."""

    out: str
    err: str


Say = Callable[..., Said]


def saying(main: Callable[[list[str]], int], capsys: pytest.CaptureFixture[str]) -> Say:
    """Returns `say(*arguments, code=0)`: runs a command, which has to end with that code."""

    def say(*arguments: object, code: int = 0) -> Said:
        capsys.readouterr()
        ended, said = main(list(map(str, arguments))), Said(*capsys.readouterr())
        assert ended == code, said
        return said

    return say
