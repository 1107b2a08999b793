"""The errors of calls that have to fail."""

from collections.abc import Callable
from typing import TypeVar

import pytest

Error = TypeVar("Error", bound=BaseException)


def raised(
    kind: type[Error], call: Callable[..., object], *given: object, **named: object
) -> Error:
    """Makes a call that has to raise an error of a kind; returns the error."""
    with pytest.raises(kind) as caught:
        call(*given, **named)
    return caught.value
