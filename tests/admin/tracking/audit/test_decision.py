"""The alias and its history together, in a file and on an MLflow server."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest

from admin.base.errors import RegistryError
from admin.base.settings import Settings
from admin.tracking import opening, statements
from admin.tracking.audit import chain, decision, verification
from admin.tracking.audit import entry as entries
from admin.tracking.audit.chain import Chain
from admin.tracking.audit.decision import Decision, Moved
from admin.tracking.connection import connect
from admin.tracking.promotion import promote, rollback
from admin.tracking.records import Records, promoted
from housing_grpc.bundle.signature import Verifier
from housing_grpc.registry.location import DIGEST_TAG
from tests.admin.terminal.fake_terminal import environment_of
from tests.support.examples import MODEL_NAME
from tests.support.homes import settings_of
from tests.support.keys import Pair
from tests.support.mlflow_server import mlflow_server
from tests.support.waiting import SECONDS

# As many commands are killed, at each of the points in turn.
KILLS = int(os.environ.get("HISTORY_KILLS", "4"))
# Promotes a version, and is killed before or after one of what it writes.
KILLED = """
import os, signal, sys
from admin.base.settings import from_environment
from admin.tracking import opening
from admin.tracking.audit import decision
from admin.tracking.promotion import promote
from admin.tracking.statements import of_settings

class Killed:
    def __init__(self, records, at):
        self.records, self.left = records, at

    def __getattr__(self, name):
        asked = getattr(self.records, name)
        def answer(*given):
            if name.startswith("set_"):
                if not self.left:
                    os.kill(os.getpid(), signal.SIGKILL)
                self.left -= 1
            return asked(*given)
        return answer

decision.GONE_SECONDS = 0.0
settings = from_environment()
with opening.opened(settings, print, lambda: None) as records:
    number, at = map(int, sys.argv[1:])
    signing = of_settings(settings)
    promote(Killed(records, at), settings.location, number, signing=signing)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(scope="module", params=["file", "server"])
def settings(
    request: pytest.FixtureRequest, promoted_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """Where an MLflow is that has two versions that can be served, of which 1 is promoted."""
    home = tmp_path_factory.mktemp("history")
    shutil.copyfile(promoted_home / "mlflow.db", home / "mlflow.db")
    with connect(settings_of(home)) as client:
        first = client.versions(MODEL_NAME)[0]
        client.create_model_version(MODEL_NAME, first.source, first.run_id, dict(first.tags))
    if request.param == "file":
        yield settings_of(home)
        return
    with mlflow_server(home) as uri:
        yield settings_of(home, uri=uri)


def opened(settings: Settings) -> Any:
    def fail() -> NoReturn:
        raise AssertionError

    return opening.opened(settings, lambda _: None, fail)


def history_of(records: Records) -> Chain:
    return chain.read(records.model_tags(MODEL_NAME))


def problems(records: Records) -> list[str]:
    named = {alias: each.number for each in records.versions(MODEL_NAME) for alias in each.aliases}
    return verification.problems(history_of(records), named)


def test_what_is_promoted_is_kept_and_can_be_gone_back_from(settings: Settings) -> None:
    where = settings.location
    with opened(settings) as records:
        promote(records, where, 1)
        count = len(history_of(records).kept)
        why = Decision(reason='"größer" \U0001f3e0 \\', evidence_digest="e" * 64)
        assert promote(records, where, 2, why) == Moved(previous=1, version=2)
        last = history_of(records).last("production")
        assert last is not None
        digests = {each.number: each.digest for each in records.versions(MODEL_NAME)}
        assert (last.action, last.outcome, last.reason) == ("promote", "done", why.reason)
        assert (last.from_version, last.to_version) == (1, 2)
        assert (last.from_digest, last.to_digest) == (digests[1], digests[2])
        assert last.evidence_digest == "e" * 64
        assert last.who
        # What changes nothing is not kept.
        assert promote(records, where, 2) == Moved(previous=2, version=2)
        assert len(history_of(records).kept) == count + 1
        assert rollback(records, where, None, "worse") == Moved(previous=2, version=1)
        last = history_of(records).last("production")
        assert last is not None
        assert (last.action, last.reason) == ("rollback", "worse")
        with pytest.raises(RegistryError, match="has no version 3; it has: 1, 2"):
            rollback(records, where, 3, "worse")
        assert problems(records) == []


def test_an_alias_moved_by_hand_shows_until_and_after_the_next_promotion(
    settings: Settings,
) -> None:
    with opened(settings) as records:
        promote(records, settings.location, 1)
        records.set_alias(MODEL_NAME, "production", 2)
        (found,) = problems(records)
        assert found.startswith("production was moved by hand: it names version 2, and entry ")
        # The history takes it up.
        assert promote(records, settings.location, 2) == Moved(previous=2, version=2)
        (found,) = problems(records)
        assert found.startswith("production was moved by hand between entries ")


@pytest.mark.parametrize("tag", ["x" * 6000, "..", "\x1b[2J"])
def test_a_digest_tag_that_is_none_keeps_nobody_from_another_version(home: Path, tag: str) -> None:
    settings = settings_of(home)
    where = settings.location
    with connect(settings) as client:
        first = client.versions(MODEL_NAME)[0]
        client.create_model_version(MODEL_NAME, first.source, first.run_id, dict(first.tags))
        promote(client, where, 2)
        client.set_model_version_tag(MODEL_NAME, "2", DIGEST_TAG, tag)
    with opened(settings) as records:
        with pytest.raises(RegistryError, match=r"version 2 of .* has no bundle"):
            promote(records, where, 2)
        assert rollback(records, where, 1, "spoiled") == Moved(previous=2, version=1)
        last = history_of(records).last("production")
        assert last is not None
        assert last.from_digest == ""


def test_a_tag_at_the_last_place_is_named_and_nothing_is_written(
    home: Path,
) -> None:
    settings = settings_of(home)
    with opened(settings) as records:
        first = next(iter(history_of(records).entries))
        last = replace(first, sequence=chain.LAST, to_version=2)
        records.set_model_tag(MODEL_NAME, chain.new_key(chain.LAST), entries.written(last))
        tags = records.model_tags(MODEL_NAME)
        with pytest.raises(RegistryError, match=r"the tag audit\.999999999\.\w+ of .* delete that"):
            promote(records, settings.location, 1)
        assert records.model_tags(MODEL_NAME) == tags


@pytest.mark.parametrize("promoters", [2, 4])
def test_those_who_promote_at_once_leave_a_whole_chain(settings: Settings, promoters: int) -> None:
    start = threading.Barrier(promoters)

    def work(place: int) -> None:
        with opened(settings) as records:
            start.wait()
            for each in range(3):
                promote(records, settings.location, 1 + (place + each) % 2)

    with opened(settings) as records:
        before = set(problems(records))
        with ThreadPoolExecutor(promoters) as pool:
            list(pool.map(work, range(promoters)))
        assert set(problems(records)) == before
        history = history_of(records)
        last = history.last("production")
        assert last is not None
        assert last.to_version == promoted(records, settings.location)
        assert not history.pending


@pytest.mark.parametrize("killed", ["one", "both"])
def test_of_two_that_promoted_the_same_at_once_and_were_killed_one_is_done(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, killed: str
) -> None:
    monkeypatch.setattr(decision, "GONE_SECONDS", 0.0)
    with opened(settings) as records:
        promote(records, settings.location, 1)
        before = set(problems(records))
        promote(records, settings.location, 2)
        kept = history_of(records).kept[-1]
        assert kept.entry is not None
        # The one that has seen the other did not come to withdraw.
        left = entries.written(replace(kept.entry, outcome="pending"))
        records.set_model_tag(MODEL_NAME, chain.new_key(kept.sequence), left)
        if killed == "both":
            records.set_model_tag(MODEL_NAME, kept.key, left)
        promote(records, settings.location, 1)
        assert set(problems(records)) == before
        assert not history_of(records).pending


def test_a_killed_promotion_is_completed_or_voided_by_the_next_command(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decision, "GONE_SECONDS", 0.0)
    with opened(settings) as records:
        before = set(problems(records))
        for kill in range(KILLS):
            current = promoted(records, settings.location)
            wanted, point = 3 - (current or 0), kill % 5
            # What the one before has left is settled first, and that is a point, too.
            left = point - len(history_of(records).pending)
            killed(settings, tmp_path, wanted, point)
            # Before that or the entry, before the alias, before the outcome, and after it.
            assert promoted(records, settings.location) == (wanted if left >= 2 else current)
            assert len(history_of(records).pending) == (1 if left in (-1, 1, 2) else 0)
            assert set(problems(records)) == before
            if kill % 10 < 5:  # Else, the next is killed, too.
                promote(records, settings.location, wanted)
                assert not history_of(records).pending
                last = history_of(records).last("production")
                assert last is not None
                assert last.to_version == wanted
        promote(records, settings.location, 1)
        assert set(problems(records)) == before
        assert not history_of(records).pending


def test_a_killed_promotion_with_a_statement_is_put_right_by_the_next(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decision, "GONE_SECONDS", 0.0)
    pair = Pair(tmp_path, "key")
    signed = replace(settings, signing_key_file=pair.private, public_key_file=pair.public)
    where, verifier = settings.location, Verifier(pair.public)
    with opened(settings) as records:
        promote(records, where, 1, signing=statements.of_settings(signed))
        # Before the entry, the statement, the alias, the outcome, the other's end, and after it.
        for point in range(6):
            current = promoted(records, where)
            wanted = 3 - (current or 0)
            killed(settings, tmp_path, wanted, point, BUNDLE_SIGNING_KEY_FILE=str(pair.private))
            # At no moment does the alias name a version without a statement.
            assert promoted(records, where) == (wanted if point > 2 else current)
            said = statements.problems(
                history_of(records), records.versions(MODEL_NAME), where, verifier
            )
            assert not [each for each in said if each.startswith("no signed statement")]
            promote(records, where, wanted, signing=statements.of_settings(signed))
            found = records.versions(MODEL_NAME)
            assert statements.problems(history_of(records), found, where, verifier) == []


def killed(settings: Settings, home: Path, version: int, point: int, **variables: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(version), str(point)],
        env=environment_of(home, MLFLOW_TRACKING_URI=settings.location.tracking_uri, **variables),
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


def test_who_may_be_at_it_still_is_waited_for(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decision, "GONE_SECONDS", 2.0)
    with opened(settings) as records:
        promote(records, settings.location, 1)
        killed(settings, tmp_path, 2, 1)
        (entry,) = history_of(records).pending
        promote(records, settings.location, 2)
        last = history_of(records).last("production")
        assert last is not None
        waited = (last.moment - entry.moment).total_seconds() >= 2.0
        # In a file, the lock tells that nobody is.
        assert waited or settings.location.sqlite_file is not None
