"""When answers reach the caller of a stream: as soon as they are there, and before an error."""

import asyncio
import time
from collections.abc import Iterator

import pytest

from clients.python import AsyncHousingClient, HousingClient
from tests.clients.conftest import ALONE


def slowly(drawn: list[int]) -> Iterator[dict[str, float]]:
    for number in range(6):
        drawn.append(number)
        time.sleep(0.3)
        yield {"RM": 5.0 + number / 10}


def broken() -> Iterator[dict[str, float]]:
    yield from [{"RM": 6.0}] * 50
    raise OSError("the source's own trouble")


def test_an_answer_does_not_wait_for_a_full_window(client: HousingClient) -> None:
    drawn: list[int] = []
    with client.score(slowly(drawn), chunk_rows=1, progress=False) as scores:
        next(scores)
        assert len(drawn) < 5


def test_what_came_before_an_error_of_the_source_is_answered(client: HousingClient) -> None:
    found: list[object] = []
    scores = client.score(broken(), chunk_rows=10, progress=False)
    with pytest.raises(OSError, match="own trouble"):
        found.extend(iter(lambda: next(scores), None))
    assert scores.tally.rows == 50


def test_what_came_before_an_error_is_answered_in_asyncio(address: str) -> None:
    async def run() -> None:
        async with AsyncHousingClient(address, options=ALONE) as client:
            ended = client.score(broken(), chunk_rows=10, progress=False)
            with pytest.raises(OSError, match="own trouble"):
                async for _ in ended:
                    pass
            assert ended.tally.rows == 50

    asyncio.run(run())
