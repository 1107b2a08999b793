"""A real server, and a channel of its own to it."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.support.client import Client
from tests.support.examples import Example
from tests.support.serving import connected, housing_server


@pytest.fixture(scope="session")
def client(linear: Example) -> Iterator[Client]:
    """A client of a server that serves the linear bundle throughout."""
    with ExitStack() as stack:
        # Calls that took long while the machine stood still are no reason to refuse others.
        server = housing_server(stack, linear.folder, max_queue_seconds=3600)
        yield connected(stack, server.port)
