"""`housing-admin retrain` on a real registry and a real store of outcomes."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from numpy.typing import NDArray

from admin.base.errors import (
    DataError,
    GateError,
    NothingToDoError,
    RegistryError,
    ServerError,
    UsageError,
)
from admin.base.settings import Settings
from admin.commands import evidence, gate
from admin.data import dataset
from admin.export.reading import Bundle
from admin.retraining import files, watched
from admin.retraining.choosing import Chosen, choose
from admin.retraining.labels import Labels, read
from admin.tracking import run_locks
from admin.tracking.connection import connect
from admin.tracking.tags import BASE_DIGEST_TAG, BASE_PATH_TAG
from housing_grpc.bundle import schema
from housing_grpc.feedback.store import Store
from tests.admin.retraining.conftest import Sell, houses, opened_store
from tests.support.commands import Say
from tests.support.examples import DATA, load_houses

Learning = Callable[[NDArray[np.float64]], Chosen]


@pytest.fixture
def learning(store: Store, champion: Bundle) -> Learning:
    """Says what becomes of what was sold, of which all is new: `learning(rows of the data)`."""
    target = champion.metadata.target
    digest = schema.digest(target.name, target.unit)
    return lambda rows: choose(read(store, digest, 0), champion, rows, 0)


def test_it_trains_registers_and_promotes_and_the_card_says_of_what(
    settings: Settings, say: Say, sell: Sell, quick: Path, champion: Bundle
) -> None:
    sell(houses(200), factor=1.01)
    said = say("retrain", "--if-labels", "200", "--then", "promote", "--policy", quick, "--json")
    found = json.loads(said.out)
    assert (found["version"], found["parent_version"], found["promoted"]) == ("2", "1", True)
    assert (found["new_labels"], found["kept_for_gate"], found["learned"]) == (200, 40, 160)
    assert found["gate"]["verdict"] == "PASS"
    card = json.loads(say("card", "2", "--json").out)
    retrained = card["lineage"]["retrained"]
    base = hashlib.sha256(DATA.read_bytes()).hexdigest()
    assert (retrained["parent"], retrained["base_digest"]) == (str(champion.digest), base)
    assert (retrained["rows"], retrained["quarantined"]) == (160, 0)
    assert retrained["first"] <= retrained["last"]
    assert "160 houses that were sold" in say("card", "2").out
    newest, *_ = json.loads(say("history", "--json").out)["entries"]
    assert newest["reason"] == "retrained: 200 new labels, wanted 200"
    # The same outcomes are not new to what has learned from them.
    again = say("retrain", code=NothingToDoError.exit_code)
    assert "0 new labels: nothing to learn from" in again.err
    # The next one begins with the base, not with what was added to it.
    sell(houses(20, start=220))
    done = json.loads(say("retrain", "--then", "challenge", "--policy", quick, "--json").out)
    assert (done["parent_version"], done["new_labels"], done["learned"]) == ("2", 20, 216)
    assert (done["promoted"], done["challenges"]) == (False, True)
    newest, *_ = json.loads(say("history", "--json").out)["entries"]
    assert (newest["action"], newest["to_version"]) == ("challenge", "3")
    assert newest["reason"] == "shadow 1, share 0: retrained: 20 new labels"
    card = json.loads(say("card", "3", "--json").out)
    assert card["lineage"]["retrained"]["base_digest"] == base
    assert card["data"]["rows"] == 506 + 216


def test_a_tenth_of_poisoned_labels_changes_no_price(
    settings: Settings, say: Say, sell: Sell, quick: Path, learning: Learning
) -> None:
    sell(houses(180), factor=1.01)
    rows = load_houses().features.to_numpy()
    clean = learning(rows)
    sell(houses(20, start=180), factor=3.0, sources=("mallory",))
    poisoned = learning(rows)
    assert len(poisoned.quarantined) == 20
    # To the byte the same file is trained on, and kept for the gate.
    for kind in ("learned", "fresh"):
        one, other = (files.fresh(settings.home, getattr(each, kind)) for each in (clean, poisoned))
        assert one == other
    said = say("retrain", "--policy", quick)
    assert "in quarantine, as no such price was off so far in training: 20" in said.err
    assert said.out.count("mallory") == 20


def test_one_source_has_no_more_than_its_share(sell: Sell, store: Store, champion: Bundle) -> None:
    base = houses(100, start=200)
    sell(houses(150), sources=("a",))
    sell(houses(10, start=150), sources=("b",))
    target = champion.metadata.target
    sold = read(store, schema.digest(target.name, target.unit), 0)
    found = choose(sold, champion, base, 0)
    assert len(found.fresh) == 32
    learned = found.learned.sources
    assert learned.count("a") <= 0.3 * (len(base) + len(learned))
    assert learned.count("a") + 1 > 0.3 * (len(base) + len(learned))
    assert found.left_out == {"a": 128 - learned.count("a")}


def test_as_many_sources_as_houses(champion: Bundle) -> None:
    rows = np.repeat(houses(300), 400, axis=0)
    rows[:, 7] += np.arange(len(rows)) * 1e-9
    sold = Labels(
        rows=rows,
        prices=champion.predict(rows),
        recorded=np.arange(len(rows)) + 1,
        sources=tuple(map(str, range(len(rows)))),
        ids=("",) * len(rows),
    )
    assert choose(sold, champion, rows[:0], 0).left_out == {}


def test_tags_do_not_choose_what_is_learned(
    settings: Settings, say: Say, sell: Sell, quick: Path, champion: Bundle
) -> None:
    other = settings.home / "other.csv"
    lines = DATA.read_text().splitlines(keepends=True)
    other.write_text("".join(lines[:300]))
    digest = hashlib.sha256(other.read_bytes()).hexdigest()
    with connect(settings) as client:
        for name, text in ((BASE_DIGEST_TAG, digest), (BASE_PATH_TAG, str(other))):
            client.set_tag(champion.metadata.run_id, name, text)
    sell(houses(20))
    say("retrain", "--policy", quick)
    card = json.loads(say("card", "2", "--json").out)
    assert card["lineage"]["retrained"]["base_digest"] == champion.metadata.data_digest


def test_a_house_counts_once_by_what_came_last(sell: Sell, store: Store, champion: Bundle) -> None:
    rows = houses(10)
    sell(rows, factor=1.1)
    sell(rows[:4], factor=0.9)
    target = champion.metadata.target
    sold = read(store, schema.digest(target.name, target.unit), 0)
    assert len(sold) == 10
    np.testing.assert_allclose(sold.prices[-4:], champion.predict(rows[:4]) * 0.9)
    assert len(read(store, "another schema", 0)) == 0


def test_what_sold_replaces_what_the_data_says_of_the_same_house(
    settings: Settings, sell: Sell, learning: Learning
) -> None:
    base = load_houses()
    rows = base.features.to_numpy()
    sell(rows[250:270], factor=1.05)
    found = learning(rows)
    # The promoted model has seen them.
    assert len(found.fresh) == 0
    file, digest = files.union(settings.home, base, found.learned)
    assert file.stat().st_mode & 0o077 == 0
    assert hashlib.sha256(file.read_bytes()).hexdigest() == digest
    together = dataset.load(file)
    assert len(together.target) == 506
    np.testing.assert_array_equal(together.features.to_numpy()[-20:], found.learned.rows)


@pytest.mark.parametrize(
    ("flags", "text"),
    [
        (("--if-labels", "30"), "nothing to do: 20 new labels, wanted 30"),
        (("--if-older", "30d"), "days old, wanted 30"),
        (("--if-drift", "0.25"), "nothing to do: drift 0.10 of RM, wanted 0.25"),
        (("--if-skill", "1.3"), "nothing to do: skill 1.20, wanted 1.3"),
        (
            ("--if-labels", "21", "--if-skill", "1.3"),
            "nothing to do: skill 1.20, wanted 1.3; 20 new labels, wanted 21",
        ),
    ],
)
def test_a_condition_that_is_not_reached(
    say: Say, sell: Sell, metrics: str, flags: tuple[str, ...], text: str
) -> None:
    sell(houses(20))
    said = say("retrain", *flags, "--metrics", metrics, code=NothingToDoError.exit_code)
    assert text in said.err
    assert len(json.loads(say("models", "--json").out)["versions"]) == 1


def test_drift_without_new_labels_trains_nothing(
    settings: Settings, say: Say, store: Store, metrics: str
) -> None:
    store.prepare()
    said = say("retrain", "--if-drift", "0.05", "--metrics", metrics, code=8)
    assert "drifted (drift 0.10 of RM, wanted 0.05), but 0 new labels: nothing to learn" in said.err


def test_one_condition_of_many_is_enough(
    settings: Settings, say: Say, sell: Sell, metrics: str, quick: Path
) -> None:
    sell(houses(20))
    flags = ("--if-labels", "500", "--if-skill", "1.15", "--metrics", metrics)
    found = json.loads(say("retrain", *flags, "--policy", quick, "--json").out)
    assert found["reason"] == "worse than trained (skill 1.20, wanted 1.15)"
    assert (found["promoted"], found["version"]) == (False, "2")
    # What is there has been learned, though nobody has promoted what came of it.
    again = say("retrain", *flags, code=NothingToDoError.exit_code).err
    assert (
        "0 new labels, wanted 500, but 0 new labels: version 2 has learned what is there" in again
    )
    assert "0.0 days old" in say("retrain", "--if-older", "1h", code=8).err
    sell(houses(1, start=20))
    found = json.loads(say("retrain", *flags, "--policy", quick, "--json").out)
    # Kept for the gate is a fifth of all that the promoted version has not seen.
    assert (found["version"], found["new_labels"], found["kept_for_gate"]) == ("3", 1, 4)


def test_a_comparison_is_ended_by_a_person_alone(
    settings: Settings, say: Say, sell: Sell, quick: Path
) -> None:
    flags = ("--then", "challenge", "--policy", quick)
    sell(houses(20), factor=1.01)
    say("retrain", *flags)
    sell(houses(20, start=20), factor=1.01)
    said = say("retrain", *flags, "--json", code=NothingToDoError.exit_code)
    assert "20 new labels, but version 2 still challenges" in said.err
    assert json.loads(said.out)["version"] is None
    assert len(json.loads(say("models", "--json").out)["versions"]) == 2
    say("challenge", "--stop")
    assert json.loads(say("retrain", *flags, "--json").out)["challenges"]


def test_what_the_gate_refuses_stays_unpromoted(
    settings: Settings, say: Say, sell: Sell, champion: Bundle, tmp_path: Path
) -> None:
    # Most say too much, though no more than prices may be off; those that came last do not.
    sell(houses(120), factor=1.2)
    sell(houses(40, start=160), factor=1.01)
    rules = tmp_path / "strict.yaml"
    rules.write_text("comparison: {repeats: 1, folds: 5, resamples: 2000}\n")
    said = say("retrain", "--then", "promote", "--policy", rules, code=GateError.exit_code)
    assert "fresh\tFAIL\ton 32 houses that neither has seen" in said.out
    assert "version 2 is refused: " in said.err
    assert "look at the newest outcomes" in said.out
    models = json.loads(say("models", "--json").out)["versions"]
    assert {each["version"]: bool(each["aliases"]) for each in models} == {"1": True, "2": False}
    # Nor does promote take it, which looks at the same houses.
    again = say("promote", "2", "--policy", rules, code=GateError.exit_code)
    assert "fresh\tFAIL" in again.out
    for file in (settings.home / files.FOLDER).glob("fresh-*"):
        file.unlink()
    gone = say("gate", "2", "--policy", rules, code=GateError.exit_code)
    assert "fresh\tINCONCLUSIVE\tthe houses kept for the gate" in gone.out


def test_features_have_to_be_kept(settings: Settings, say: Say, sell: Sell) -> None:
    bare = opened_store(settings, keep_features=False)
    sell(houses(5), into=bare)
    bare.close()
    said = say("retrain", code=DataError.exit_code)
    assert "set FEEDBACK_KEEP_FEATURES=true on the server" in said.err


def test_only_one_trains_at_a_time(settings: Settings, say: Say, sell: Sell) -> None:
    sell(houses(5))
    with run_locks.alone(settings.home, "retrain") as alone:
        assert alone
        said = say("retrain", code=NothingToDoError.exit_code)
    assert "another retraining of" in said.err


@pytest.mark.parametrize(
    ("flags", "text"),
    [
        (("--if-drift", "much"), "--if-drift: 'much' is not right"),
        (("--if-labels", "0"), "--if-labels: '0' is not right"),
        (("--if-older", "30"), "--if-older: '30' is not right; give days or hours, such as 30d"),
        (
            ("--then", "hope"),
            "--then: 'hope' is not right; give one of nothing, challenge, promote",
        ),
    ],
)
def test_wrong_flags(say: Say, flags: tuple[str, ...], text: str) -> None:
    assert text in say("retrain", *flags, code=UsageError.exit_code).err


def test_metrics_that_are_none(settings: Settings, say: Say, store: Store) -> None:
    store.prepare()
    asked = ("retrain", "--if-drift", "0.2", "--metrics")
    said = say(*asked, "http://u:secret@127.0.0.1:9/metrics", code=ServerError.exit_code)
    assert "the metrics at http://127.0.0.1:9/metrics cannot be read" in said.err
    said = say(*asked, "file://u:secret@host/etc/passwd", code=UsageError.exit_code)
    assert "--metrics: 'file://host/etc/passwd' is no address" in said.err


def test_metrics_that_lead_elsewhere_or_do_not_end(
    monkeypatch: pytest.MonkeyPatch, metrics: str
) -> None:
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            leads = self.path == "/leads"
            self.send_response(302 if leads else 200)
            if leads:
                self.send_header("Location", metrics)
            self.end_headers()
            with suppress(OSError):
                for _ in range(0 if leads else 500):
                    self.wfile.write(b"#")
                    time.sleep(0.01)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    monkeypatch.setattr(watched, "_SECONDS", 1.0)
    with served(server) as address:
        with pytest.raises(ServerError, match=r"leads cannot be read: HTTP 302; check"):
            watched.read(f"{address}/leads", 1)
        with pytest.raises(ServerError, match=r"drips cannot be read: "):
            watched.read(f"{address}/drips", 1)
    assert asked == ["/leads", "/drips"]


@contextmanager
def served(server: HTTPServer) -> Iterator[str]:
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def metrics() -> Iterator[str]:
    """The address of what a server of version 1 says; a real one needs 500 houses for it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(
                b'housing_feature_drift_psi{feature="RM"} 0.1\n'
                b'housing_feature_drift_psi{feature="AGE"} 0.02\n'
                b'housing_live_skill{version="7"} 9.0\n'
                b'housing_live_skill{version="1"} 1.2\n'
            )

        def log_message(self, *_: object) -> None:
            pass

    with served(HTTPServer(("127.0.0.1", 0), Handler)) as address:
        yield f"{address}/metrics"


@pytest.mark.parametrize(("unknown", "kept"), [(2, 2), (3, 3), (5, 5), (8, 5)])
def test_of_few_houses_that_are_not_in_the_data_all_are_kept(
    sell: Sell, learning: Learning, unknown: int, kept: int
) -> None:
    base = load_houses().features.to_numpy()
    sell(base[: 25 - unknown])
    sell(houses(unknown))
    found = learning(base)
    assert (found.new, len(found.fresh)) == (25, kept)


def test_what_is_in_quarantine_is_told_where_nothing_is_trained(say: Say, sell: Sell) -> None:
    sell(houses(30), factor=4.0, sources=("mallory",))
    said = say("retrain", "--if-labels", "1", "--json", code=NothingToDoError.exit_code)
    found = json.loads(said.out)
    assert (found["version"], len(found["quarantined"])) == (None, 30)
    assert found["reason"].startswith("0 new labels, wanted 1, but 0 new labels")


def test_evidence_about_another_champion_is_none(
    settings: Settings, say: Say, sell: Sell, quick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = json.loads(say("train", "--model", "linear", "--register", "--json").out)
    sell(houses(20), factor=1.01)
    examine = gate.examine

    def away_and_back(*given: object, **named: object) -> object:
        monkeypatch.setattr(gate, "examine", examine)
        say("promote", trained["version"], "--force", "--reason", "away")
        found = examine(*given, **named)  # type: ignore[arg-type]
        say("rollback", "--reason", "and back")
        return found

    monkeypatch.setattr(gate, "examine", away_and_back)
    flags = ("--then", "promote", "--policy", quick)
    assert "was changed meanwhile" in say("retrain", *flags, code=RegistryError.exit_code).err
    newest, *_ = json.loads(say("history", "--json").out)["entries"]
    assert newest["action"] == "rollback"


def test_a_promotion_meanwhile_is_kept(
    settings: Settings, say: Say, sell: Sell, quick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = json.loads(say("train", "--model", "linear", "--register", "--json").out)
    sell(houses(20), factor=1.01)
    look = evidence.look

    def looked(*given: object, **named: object) -> object:
        found = look(*given, **named)  # type: ignore[arg-type]
        monkeypatch.setattr(evidence, "look", look)
        say("promote", trained["version"], "--force", "--reason", "by hand")
        return found

    monkeypatch.setattr(evidence, "look", looked)
    flags = ("--then", "promote", "--policy", quick)
    assert "was changed meanwhile" in say("retrain", *flags, code=RegistryError.exit_code).err
    newest, *_ = json.loads(say("history", "--json").out)["entries"]
    # Whether it was forced is a matter of how fast this machine is.
    assert (newest["to_version"], newest["reason"]) == (trained["version"], "by hand")
