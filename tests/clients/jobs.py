"""Jobs of many houses whose prices tell which they are."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any

import numpy as np
import pytest

from clients import python as housing
from clients.python import (
    FEATURES,
    AsyncHousingClient,
    HousingClient,
    Prediction,
    StreamPolicy,
    Tally,
)
from tests.support.examples import Example
from tests.support.serving import ALONE

ROWS = 6000
CHUNK = 100

# For a server that is started anew, which may take a busy machine long.
PATIENT = StreamPolicy(retries=100)


def house(number: int) -> dict[str, float]:
    """A house whose price tells its number."""
    return {"RM": 4 + number / 1000}


def expected(example: Example, count: int = ROWS) -> list[float]:
    rows = np.full((count, len(FEATURES)), np.nan)
    rows[:, FEATURES.index("RM")] = 4 + np.arange(count) / 1000
    prices: list[float] = example.prices(rows).tolist()
    assert len(set(prices)) == count
    return prices


def houses(at: int, do: Callable[[], object]) -> Iterator[dict[str, float]]:
    for number in range(ROWS):
        if number == at:
            do()
        yield house(number)


def prices(results: Any) -> list[float]:
    found = list(results)
    assert all(isinstance(each, Prediction) for each in found)
    return [each.price for each in found]


async def arriving(houses: Iterable[dict[str, float]]) -> AsyncIterator[dict[str, float]]:
    for each in houses:
        yield each


def score_in_asyncio(target: str, source: Any, **arguments: Any) -> tuple[list[Any], Tally]:
    """Scores as `AsyncHousingClient` does it; gives the results and how far it came."""
    made = {name: arguments.pop(name) for name in ("options", "tls") if name in arguments}

    async def run() -> tuple[list[Any], Tally]:
        async with AsyncHousingClient(target, **{"options": ALONE, **made}) as client:
            scores = client.score(source, progress=False, **arguments)
            return [each async for each in scores], scores.tally

    return asyncio.run(run())


def end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()


def collect(results: Any, found: list[Any]) -> None:
    """Keeps what came before an error, too."""
    for each in results:
        found.append(each)  # noqa: PERF402 - extend would lose them


def wait_until_serving(target: str, process: "subprocess.Popen[bytes]") -> None:
    options = (*ALONE, ("grpc.max_reconnect_backoff_ms", 100))
    while process.poll() is None:
        with HousingClient(target, options=options) as client:
            try:
                if client.health(timeout=5) is housing.Health.SERVING:
                    return
            except housing.HousingError:
                continue
    pytest.fail("the server has ended")
