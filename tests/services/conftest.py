"""Servers to stream to."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.support.examples import Example
from tests.support.streams import SECONDS, Open, Start, Target, start_target


@pytest.fixture
def start(linear: Example, stack: ExitStack) -> Start:
    """Starts servers: `start(folder=None, **settings)` returns a target."""
    return lambda folder=None, **more: start_target(stack, folder or linear.folder, **more)


@pytest.fixture(scope="session")
def target(linear: Example) -> Iterator[Target]:
    """A server with the linear bundle that is there throughout."""
    with ExitStack() as stack:
        yield start_target(stack, linear.folder)


@pytest.fixture
def opened(stack: ExitStack) -> Callable[..., Open]:
    """Opens streams that end with the test: `opened(target)`."""

    def make(target: Target, timeout: float = SECONDS) -> Open:
        stream = Open(target, timeout)
        stack.callback(stream.close)
        return stream

    return make
