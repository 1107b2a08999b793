"""A real server of default settings, and a channel of its own to it."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.examples import Example
from tests.rest.conftest import housing_server
from tests.server.conftest import connected
from tests.server.wire import Client


@pytest.fixture(scope="session")
def client(linear: Example) -> Iterator[Client]:
    """A client of a server that serves the linear bundle throughout."""
    with ExitStack() as stack:
        yield connected(stack, housing_server(stack, linear.folder).port)
