"""Servers that are asked by the Open Inference Protocol."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.support.client import Client
from tests.support.examples import Example
from tests.support.inference import Inference
from tests.support.serving import connected, housing_server


@pytest.fixture(scope="session")
def whole(honest: Example) -> Iterator[Client]:
    """A client of a server whose bundle has all that there is to tell beside prices."""
    with ExitStack() as stack:
        server = housing_server(stack, honest.folder, max_batch_rows=20_000, max_queue_seconds=3600)
        yield connected(stack, server.port)


@pytest.fixture(scope="session")
def inference(whole: Client) -> Inference:
    """The calls of the protocol, to that server."""
    return Inference(whole.channel)
