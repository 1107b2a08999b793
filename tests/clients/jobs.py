"""Jobs of many houses whose prices tell which they are."""

import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from clients import python as housing
from clients.python import FEATURES, HousingClient, Prediction, StreamPolicy
from tests.clients.conftest import ALONE
from tests.support.examples import Example

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


def end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()


def collect(results: Any, found: list[Any]) -> None:
    """Keeps what came before an error, too."""
    for each in results:
        found.append(each)  # noqa: PERF402 - extend would lose them


def eventually(asks: Callable[[], object]) -> bool:
    """Whether it becomes true within a minute."""
    until = time.monotonic() + 60
    while not asks():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


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
