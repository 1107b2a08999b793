"""A job survives a server that goes and comes back: no row is lost, none is doubled."""

import collections
from collections.abc import Callable
from typing import Any

import pytest

from clients import python as housing
from clients.python import StreamPolicy
from housing_grpc.server import HousingServer
from tests.clients.conftest import Connect, Spawn
from tests.clients.jobs import (
    CHUNK,
    PATIENT,
    ROWS,
    arriving,
    collect,
    end,
    expected,
    house,
    houses,
    prices,
    score_in_asyncio,
    wait_until_serving,
)
from tests.support.examples import Example
from tests.support.waiting import until


@pytest.fixture
def mortal(
    spawn: Spawn, free_port: int, linear: Example
) -> tuple[str, Callable[[], None], Callable[[], None]]:
    """A server process: its address, and functions to kill or stop it and start another."""
    target = f"127.0.0.1:{free_port}"
    running = [spawn(linear.folder, free_port)]
    wait_until_serving(target, running[0])

    def kill() -> None:
        end(running[-1])
        running.append(spawn(linear.folder, free_port))

    def stop() -> None:
        running[-1].terminate()
        running[-1].wait()
        running.append(spawn(linear.folder, free_port))

    return target, kill, stop


@pytest.mark.parametrize("form", ["matrix", "rows"])
def test_a_server_killed_in_mid_stream(
    mortal: Any, connect: Connect, linear: Example, form: Any
) -> None:
    target, kill, _ = mortal
    scores = connect(target).score(
        houses(ROWS // 2, kill), form=form, chunk_rows=CHUNK, progress=False, policy=PATIENT
    )
    found = prices(scores)
    assert found == pytest.approx(expected(linear), abs=1e-4)
    assert scores.tally.rows == ROWS
    assert scores.tally.resumes >= 1


def test_a_server_stopped_in_mid_stream(mortal: Any, connect: Connect, linear: Example) -> None:
    target, _, stop = mortal
    scores = connect(target).score(
        houses(ROWS // 2, stop), chunk_rows=CHUNK, progress=False, policy=PATIENT
    )
    assert prices(scores) == pytest.approx(expected(linear), abs=1e-4)
    assert scores.tally.resumes >= 1


def test_a_server_killed_in_mid_stream_in_asyncio(mortal: Any, linear: Example) -> None:
    target, kill, _ = mortal
    source = arriving(houses(ROWS // 2, kill))
    scored, tally = score_in_asyncio(target, source, chunk_rows=CHUNK, policy=PATIENT)
    found = prices(scored)
    assert found == pytest.approx(expected(linear), abs=1e-4)
    assert tally.resumes >= 1


def test_a_server_that_does_not_come_back(
    spawn: Spawn, free_port: int, connect: Connect, linear: Example
) -> None:
    target = f"127.0.0.1:{free_port}"
    process = spawn(linear.folder, free_port)
    wait_until_serving(target, process)
    scores = connect(target).score(
        houses(ROWS // 2, lambda: end(process)),
        chunk_rows=CHUNK,
        progress=False,
        policy=StreamPolicy(retries=2),
    )
    found: list[Any] = []
    with pytest.raises(housing.UnavailableError):
        collect(scores, found)
    done = prices(found)
    assert 0 < len(done) < ROWS
    assert done == pytest.approx(expected(linear)[: len(done)], abs=1e-4)


@pytest.mark.parametrize("limit", ["stream_max_age_seconds", "stream_idle_seconds"])
def test_streams_too_old_or_idle_are_followed_by_new_ones(
    server_of: Callable[..., HousingServer], connect: Connect, linear: Example, limit: str
) -> None:
    server = server_of(linear.folder, **{limit: 0.5})

    def until_ended() -> None:
        # The stream has answered already, and there is no other before the source goes on.
        until(lambda: server.state()["housing_streams_open"][()] == [0])

    scores = connect(f"127.0.0.1:{server.port}").score(
        houses(ROWS // 2, until_ended), chunk_rows=CHUNK, progress=False
    )
    assert prices(scores) == pytest.approx(expected(linear), abs=1e-4)
    assert scores.tally.resumes >= 1


def test_a_job_comes_back_when_it_was_told_to_call_less_often(
    server_of: Callable[..., HousingServer], connect: Connect, linear: Example
) -> None:
    # Beyond the burst, a chunk waits longer than a stream may last, and each new stream is a
    # call, too. The burst is for a stream that ends unanswered, which no job may come back from.
    server = server_of(
        linear.folder, stream_max_age_seconds=0.5, rate_limit_per_second=1.5, rate_limit_burst=4
    )
    client = connect(f"127.0.0.1:{server.port}")
    scores = client.score(map(house, range(7 * CHUNK)), chunk_rows=CHUNK, progress=False)
    assert prices(scores) == pytest.approx(expected(linear, 7 * CHUNK), abs=1e-4)
    assert scores.tally.resumes >= 1
    with pytest.raises(housing.RateLimitedError) as caught:
        collections.deque((client.predict(RM=6) for _ in range(200)), maxlen=0)
    # It may be less than a millisecond.
    assert caught.value.retry_after is not None
