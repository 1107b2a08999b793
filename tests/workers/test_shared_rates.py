"""Rates in memory that processes share."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from housing_grpc.access.rate_limit import RateLimit
from housing_grpc.workers import shared_rates
from housing_grpc.workers.shared_rates import PLACES, Places, SharedRates
from tests.support.waiting import SECONDS

ROOT = Path(__file__).parents[2]

# Takes as fast as it goes, from when all can until a time that they have in common; prints how
# often it might, how often it tried, and when it ended. However long another one is stopped
# while it holds the lock, nobody goes on without: it is the count that is looked at here.
TAKER = """
import json, sys, time
from housing_grpc.access.rate_limit import RateLimit
from housing_grpc.workers import shared_rates
shared_rates._TRIES = sys.maxsize
descriptor, rate, burst = int(sys.argv[1]), *map(float, sys.argv[2:])
shared = shared_rates.SharedRates(descriptor)
shared.assign({"": 3})
limit = RateLimit(rate, int(burst), cell=shared.cell(""))
print("ready", flush=True)
until = float(sys.stdin.readline())
taken = tries = 0
while time.monotonic() < until:
    tries += 1
    taken += limit.take() == 0
print(json.dumps([taken, tries, time.monotonic()]))
"""


def test_processes_that_take_without_pause_get_what_one_would() -> None:
    rate, burst, seconds = 1000.0, 50, 3.0
    descriptor = shared_rates.make()
    takers = [
        subprocess.Popen(
            [sys.executable, "-c", TAKER, str(descriptor), str(rate), str(burst)],
            pass_fds=(descriptor,), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        for _ in range(3)
    ]  # fmt: skip
    for taker in takers:
        assert taker.stdout
        assert taker.stdout.readline() == "ready\n"
    began = time.monotonic()
    for taker in takers:
        assert taker.stdin
        taker.stdin.write(f"{began + seconds}\n")
        taker.stdin.flush()
    found = [json.loads(taker.communicate(timeout=SECONDS)[0]) for taker in takers]
    os.close(descriptor)
    taken, tries = sum(each[0] for each in found), sum(each[1] for each in found)
    took = max(each[2] for each in found) - began
    assert tries > 10 * taken
    # The bucket was full when the first of them began.
    assert taken <= burst + rate * took + 1
    assert taken > rate * 0.5


@pytest.fixture
def shared() -> SharedRates:
    return SharedRates(shared_rates.make())


def test_two_who_know_the_same_place_share_a_rate(shared: SharedRates) -> None:
    shared.assign({"a": 1, "b": 2})
    one, same, other = (
        RateLimit(1, 2, cell=shared.cell(name), clock=lambda: 5.0) for name in ("a", "a", "b")
    )
    assert (one.take(), same.take()) == (0, 0)
    assert (one.take(), same.take()) == (1, 1)
    assert other.take() == 0


def test_a_lock_that_another_process_keeps_does_not_stop_anybody(shared: SharedRates) -> None:
    keeper = subprocess.Popen(
        [sys.executable, "-c", KEEPER, str(shared.descriptor)],
        pass_fds=(shared.descriptor,), stdout=subprocess.PIPE, stdin=subprocess.PIPE,
    )  # fmt: skip
    assert keeper.stdout is not None
    assert keeper.stdout.readline() == b"locked\n"
    shared.assign({"": 0})
    limit = RateLimit(1, 1, cell=shared.cell(""), clock=lambda: 5.0)
    assert (limit.take(), limit.take()) == (0, 1)
    keeper.communicate(timeout=SECONDS)


KEEPER = """
import fcntl, sys

from tests.support.waiting import SECONDS
fcntl.lockf(int(sys.argv[1]), fcntl.LOCK_EX, 8, 0)
print("locked", flush=True)
sys.stdin.read()
"""


def test_a_name_keeps_its_place_for_as_long_as_it_is_known() -> None:
    places = Places()
    first = places.of({"", "a", "b"})
    second = places.of({"", "b", "c"})
    assert len(set(first.values())) == 3
    assert (second[""], second["b"]) == (first[""], first["b"])
    # Nobody gets at once what another one has just left.
    assert second["c"] not in first.values()


def test_places_are_taken_again_when_all_were_taken_once() -> None:
    places = Places()
    for number in range(PLACES + 10):
        found = places.of({"", str(number)})
        assert 0 <= found[str(number)] < PLACES
        assert found[str(number)] != found[""]


def test_there_may_be_too_many_names() -> None:
    with pytest.raises(ValueError, match="65537 names, and room for 65536"):
        Places().of({str(number) for number in range(PLACES + 1)})
