"""A connection that is lost again and again, at any moment, costs a job nothing but time."""

from collections.abc import Iterator

import pytest

from clients.python import HousingClient, Tally
from tests.clients.jobs import arriving, expected, house, prices, score_in_asyncio
from tests.clients.wire import Wire
from tests.support.examples import Example
from tests.support.serving import ALONE

# Long enough for the window to fill and be sent, so that a message is under way in most cuts.
JOB_ROWS = 40_000
CUTS = 10
QUICK = (*ALONE, ("grpc.initial_reconnect_backoff_ms", 100))


@pytest.fixture
def wire(address: str) -> Iterator[Wire]:
    found = Wire(address)
    yield found
    found.close()


def cutting(wire: Wire) -> Iterator[dict[str, float]]:
    for number in range(JOB_ROWS):
        if number and number % (JOB_ROWS // CUTS) == 0:
            wire.cut()
        yield house(number)


def check(found: list[float], tally: Tally, linear: Example) -> None:
    assert found == pytest.approx(expected(linear, JOB_ROWS), abs=1e-4)
    assert (tally.rows, tally.errors) == (JOB_ROWS, 0)
    assert tally.resumes >= 1


def test_a_connection_cut_again_and_again(wire: Wire, linear: Example) -> None:
    with HousingClient(wire.target, options=QUICK) as client:
        scores = client.score(cutting(wire), chunk_rows=500, progress=False)
        check(prices(scores), scores.tally, linear)


def test_a_connection_cut_again_and_again_in_asyncio(wire: Wire, linear: Example) -> None:
    found, tally = score_in_asyncio(
        wire.target, arriving(cutting(wire)), options=QUICK, chunk_rows=500
    )
    check(prices(found), tally, linear)
