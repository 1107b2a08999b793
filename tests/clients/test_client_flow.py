"""When answers reach the caller of a stream: as soon as they are there, and before an error."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from clients.python import AsyncHousingClient, HousingClient, StreamPolicy
from tests.conftest import ROOT
from tests.support.processes import outcome
from tests.support.serving import ALONE
from tests.support.waiting import SECONDS

# Chunks that take ten seconds to draw.
WINDOW = 1000


def slowly(drawn: list[int]) -> Iterator[dict[str, float]]:
    for number in range(WINDOW):
        drawn.append(number)
        time.sleep(0.01)
        yield {"RM": 5.0 + number / WINDOW}


def broken() -> Iterator[dict[str, float]]:
    yield from [{"RM": 6.0}] * 50
    raise OSError("the source's own trouble")


def test_an_answer_does_not_wait_for_a_full_window(client: HousingClient) -> None:
    drawn: list[int] = []
    policy = StreamPolicy(window=WINDOW)
    with client.score(slowly(drawn), chunk_rows=1, progress=False, policy=policy) as scores:
        next(scores)
        assert len(drawn) < WINDOW


def test_a_price_does_not_wait_for_the_next_line_of_a_pipe(address: str) -> None:
    command = [sys.executable, "-m", "clients.python", "score", "-", "--chunk-rows", "1"]
    with subprocess.Popen(
        [*command, "--target", address],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        bufsize=1,
    ) as job:
        assert job.stdin
        assert job.stdout
        job.stdin.write("RM\n")
        for row in range(3):
            job.stdin.write(f"{5 + row}\n")
            if row == 0:
                assert job.stdout.readline().startswith("row,")
            # Would never come if it waited for a line that is not written yet.
            assert job.stdout.readline().startswith(f"{row},")
        job.stdin.close()
        assert job.wait(SECONDS) == 0


def test_an_answer_does_not_wait_for_the_source_in_asyncio(address: str) -> None:
    async def run() -> None:
        taken = asyncio.Event()

        async def hesitating() -> AsyncIterator[dict[str, float]]:
            # One task for all houses: what it opens here it may close after the last.
            async with asyncio.timeout(200):
                for number in range(6):
                    yield {"RM": 5.0 + number / 10}
                    # Would never come if an answer waited for the next house.
                    await taken.wait()
                    taken.clear()

        async with AsyncHousingClient(address, options=ALONE) as client:
            scores = client.score(hesitating(), chunk_rows=1, progress=False)
            async for _ in scores:
                taken.set()
            assert scores.tally.rows == 6

    asyncio.run(run())


def test_a_job_left_early_ends_its_source_in_asyncio(address: str) -> None:
    async def run() -> None:
        ended = asyncio.Event()

        async def stubborn() -> AsyncIterator[dict[str, float]]:
            try:
                yield {"RM": 6.0}
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                ended.set()
                # Takes no notice of it.
                yield {"RM": 6.0}

        async with AsyncHousingClient(address, options=ALONE) as client:
            async with client.score(stubborn(), chunk_rows=1, progress=False) as scores:
                await anext(scores)
            assert ended.is_set()
        # gRPC's own tasks end a moment after the call; ours would wait for good.
        async with asyncio.timeout(10):
            while asyncio.all_tasks() != {asyncio.current_task()}:
                await asyncio.sleep(0.01)

    asyncio.run(run())


LEFT_BY_AN_ERROR = """
import asyncio, sys
from clients.python import AsyncHousingClient

async def main():
    async with AsyncHousingClient(sys.argv[1]) as client:
        async for result in client.score([{"RM": 6.0}] * 5000):
            raise ValueError("mine")

asyncio.run(main())
"""


def test_a_job_left_by_an_error_of_the_caller_adds_none_in_asyncio(address: str) -> None:
    command = [sys.executable, "-c", LEFT_BY_AN_ERROR, address]
    job = outcome(command)
    assert job.returncode == 1
    assert job.stderr.count("Traceback") == 1
    assert job.stderr.endswith("ValueError: mine\n")


def test_a_source_that_is_cancelled_ends_the_job_in_asyncio(address: str) -> None:
    async def cancelled() -> AsyncIterator[dict[str, float]]:
        yield {"RM": 6.0}
        raise asyncio.CancelledError

    async def run() -> None:
        async with AsyncHousingClient(address, options=ALONE) as client:
            with pytest.raises(asyncio.CancelledError):
                async for _ in client.score(cancelled(), chunk_rows=1, progress=False):
                    pass

    asyncio.run(run())


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
