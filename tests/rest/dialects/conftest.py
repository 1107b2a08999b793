"""A proxy that speaks every dialect, before a server whose bundle has all there is to tell."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from housing.v1 import prediction_pb2 as pb

from tests.rest.conftest import Loop, proxied
from tests.support.client import SECONDS, Client, house
from tests.support.examples import Example, Rows
from tests.support.serving import connected, housing_server

ALL = "oip,v1,invocations"
MOST = 20_000


@pytest.fixture(scope="session")
def whole(honest: Example) -> Iterator[Client]:
    """A gRPC client of that server."""
    with ExitStack() as stack:
        server = housing_server(stack, honest.folder, max_batch_rows=MOST, max_queue_seconds=3600)
        yield connected(stack, server.port)


@pytest.fixture(scope="session")
def http(loop: Loop, whole: Client) -> Iterator[httpx.Client]:
    """An HTTP client of the proxy."""
    limits = {"api_max_batch_rows": MOST, "api_max_body_bytes": 2**25}
    with proxied(loop, whole.address, dialects=ALL, **limits) as client:
        yield client


def results(client: Client, rows: Rows, **options: Any) -> list[pb.RowResult]:
    """Returns what PredictBatch says of rows."""
    request = pb.PredictBatchRequest(items=map(house, rows), **options)
    return list(client.predictions.PredictBatch(request, timeout=SECONDS).results)
