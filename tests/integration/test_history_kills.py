"""Two promote and go back at once, on PostgreSQL, and each is killed wherever it happens to be.

`HISTORY_KILLS` says how many have to be killed before they are through; those that were faster than
that are not counted.
"""

import multiprocessing
import os
import random
import time
from collections.abc import Iterator
from contextlib import ExitStack
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest

from admin.base.errors import AdminError
from admin.base.settings import Settings
from admin.tracking.audit import chain, decision, verification
from admin.tracking.connection import connect
from admin.tracking.mlflow_client import Client
from admin.tracking.promotion import promote, rollback
from admin.tracking.records import promoted
from tests.integration import daemons
from tests.integration.stack import Stack
from tests.support.homes import embedded, settings_of
from tests.support.waiting import SECONDS

pytestmark = pytest.mark.integration

KILLS = int(os.environ.get("HISTORY_KILLS", "6"))
VERSIONS = (1, 2)
# What loads MLflow once forks the processes that are killed.
PROCESSES = multiprocessing.get_context("forkserver")


@pytest.fixture(scope="module")
def settings() -> Iterator[Settings]:
    """MLflow on a PostgreSQL of its own, with two versions that can be served, 1 promoted."""
    with ExitStack() as stack:
        folder, home = daemons.scratch(), daemons.scratch()
        for each in (folder, home):
            stack.callback(daemons.remove, each)
        daemon, uri = daemons.postgres(folder)
        stack.callback(daemon.stop)
        daemon.start()
        variables = {"MLFLOW_TRACKING_URI": uri, "HOUSING_HOME": str(home)}
        stack.enter_context(embedded())
        found = settings_of(home, uri=uri)
        name = found.location.model_name
        assert Stack(variables=variables, daemons={}, endpoint="").train() == VERSIONS[0]
        with connect(found) as client:
            (first,) = client.versions(name)
            client.create_model_version(name, first.source, first.run_id, dict(first.tags))
            for number in (*VERSIONS, 1):
                promote(client, found.location, number)
        yield found


def move(uri: str, home: str, wanted: int | None, began: Connection) -> None:
    """Lets the alias name a version, or the one before if that is None."""
    settings = settings_of(Path(home), uri=uri)
    try:
        with connect(settings) as client:
            client.versions(settings.location.model_name)
            began.send(None)
            if wanted is None:
                rollback(client, settings.location, None, "it was worse")
            else:
                promote(client, settings.location, wanted)
    except AdminError:
        # The other one was faster, or there is nothing to go back to.
        return


def started(settings: Settings, wanted: int | None) -> ForkServerProcess:
    """Start one, and wait until it is about to look at the history."""
    here, there = PROCESSES.Pipe(duplex=False)
    given = (settings.location.tracking_uri, str(settings.home), wanted, there)
    process = PROCESSES.Process(target=move, args=given)
    process.start()
    there.close()
    assert here.poll(SECONDS), "it does not begin"
    here.recv()
    return process


def problems(client: Client, settings: Settings) -> list[str]:
    name = settings.location.model_name
    named = {alias: each.number for each in client.versions(name) for alias in each.aliases}
    return verification.problems(chain.read(client.model_tags(name)), named)


def lasting(settings: Settings, wanted: int | None) -> float:
    """Return the seconds that one takes that nobody kills."""
    process = started(settings, wanted)
    since = time.monotonic()
    process.join(SECONDS)
    assert process.exitcode == 0
    return time.monotonic() - since


def test_promotions_that_are_killed_anywhere_leave_a_whole_history(settings: Settings) -> None:
    PROCESSES.set_forkserver_preload([move.__module__])
    where, dice = settings.location, random.Random(0)
    killed = pending = 0
    with connect(settings) as client:
        seconds = lasting(settings, 2)
        while killed < KILLS:
            current = promoted(client, where)
            both = [
                started(settings, 3 - (current or 0)),
                started(settings, dice.choice([None, 1, 2])),
            ]
            # In an order of their own, each at a moment of its own.
            for process in sorted(both, key=lambda _: dice.random()):
                process.join(dice.uniform(0, seconds))
                process.kill()
                process.join(SECONDS)
                killed += process.exitcode != 0
            assert promoted(client, where) in VERSIONS
            history = chain.read(client.model_tags(where.model_name))
            pending += len(history.pending)
            with pytest.MonkeyPatch.context() as patch:
                # Both are gone, so nobody has to be waited for.
                patch.setattr(decision, "GONE_SECONDS", 0.0)
                promote(client, where, dice.choice(VERSIONS))
            assert problems(client, settings) == []
            assert not chain.read(client.model_tags(where.model_name)).pending
    print(f"{killed} killed, {pending} entries were left pending; {seconds:.2f} s unkilled")
