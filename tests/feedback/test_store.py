"""The store of outcomes, with real databases."""

import math
import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import numpy as np
import pytest
from sqlalchemy import create_engine, func, insert, select, text, update

from housing_grpc.feedback import location
from housing_grpc.feedback.database import Database
from housing_grpc.feedback.errors import NewerStoreError, StoreUnavailableError
from housing_grpc.feedback.outcome import Outcome, Recorded
from housing_grpc.feedback.store import Store
from housing_grpc.feedback.tables import HISTORY, OUTCOMES, SCHEMA
from tests.feedback.conftest import Open
from tests.support.outcomes import MODEL, OTHER, ROW, outcome, receipt, without_interval
from tests.support.waiting import until

NEW, SAME, CORRECTED, RETRACTED = (
    Recorded.NEW,
    Recorded.SAME,
    Recorded.CORRECTED,
    Recorded.RETRACTED,
)


def count(url: str, table: object = OUTCOMES) -> int:
    engine = create_engine(location.read(url))
    with engine.connect() as connection:
        found = connection.execute(select(func.count()).select_from(table)).scalar_one()  # type: ignore[arg-type]
    engine.dispose()
    return int(found)


def test_what_is_recorded_is_there_for_another_process(open_store: Open) -> None:
    outcomes = [outcome(20.0 + number) for number in range(3)]
    assert open_store().record(outcomes) == [NEW] * 3
    labels = open_store().labels(MODEL.digest, 1000)
    assert labels.actual.tolist() == [20.0, 21.0, 22.0]
    assert labels.price.tolist() == [20.0] * 3
    assert labels.lower.tolist() == [15.0] * 3
    assert labels.upper.tolist() == [25.0] * 3
    assert labels.level.tolist() == [0.9] * 3


def test_labels_are_the_latest_in_the_order_of_their_first_recording(store: Store) -> None:
    outcomes = [outcome(float(number)) for number in range(1, 8)]
    store.record(outcomes)
    store.record([msgspec.structs.replace(outcomes[2], actual=30.0)])
    store.record([msgspec.structs.replace(outcomes[5], retract=True)])
    assert store.labels(MODEL.digest, 5).actual.tolist() == [2.0, 30.0, 4.0, 5.0, 7.0]


def test_a_price_without_an_interval(store: Store) -> None:
    store.record([outcome(of=receipt(**without_interval()))])
    labels = store.labels(MODEL.digest, 10)
    assert all(math.isnan(each[0]) for each in (labels.lower, labels.upper, labels.level))


def test_a_model_without_outcomes(store: Store) -> None:
    labels = store.labels(MODEL.digest, 10)
    assert [getattr(labels, name).shape for name in labels.__struct_fields__] == [(0,)] * 5
    assert labels.price.dtype == np.float64
    assert store.models() == []


def test_models_with_the_latest_outcome_first(store: Store) -> None:
    first = [outcome() for _ in range(3)]
    store.record(first)
    store.record([outcome(of=receipt(model=OTHER))])
    assert [(each.digest, each.version, each.total) for each in store.models()] == [
        (OTHER.digest, 4, 1),
        (MODEL.digest, 3, 3),
    ]
    store.record([msgspec.structs.replace(first[0], actual=30.0)])
    store.record([msgspec.structs.replace(first[1], retract=True)])
    assert [(each.digest, each.total) for each in store.models()] == [
        (MODEL.digest, 2),
        (OTHER.digest, 1),
    ]


def test_what_is_replaced_or_retracted_is_kept_beside(store: Store, url: str) -> None:
    first = outcome(21.0, source="agent", observed_at=1)
    for actual, retract in ((21.0, False), (22.0, False), (22.0, True), (22.0, True)):
        store.record([msgspec.structs.replace(first, actual=actual, retract=retract)])
    engine = create_engine(location.read(url))
    with engine.connect() as connection:
        rows = connection.execute(
            select(HISTORY.c.id, HISTORY.c.actual, HISTORY.c.change).order_by(HISTORY.c.entry)
        ).all()
    engine.dispose()
    assert [(bytes(key), actual, change) for key, actual, change in rows] == [
        (first.id, 21.0, CORRECTED),
        (first.id, 22.0, RETRACTED),
    ]


@pytest.mark.parametrize("keep", [False, True])
def test_features_are_kept_only_where_that_is_wanted(open_store: Open, keep: bool) -> None:
    store = open_store(keep_features=keep)
    store.record([outcome()])
    (row,) = store.export().rows
    assert row["features"] == (ROW if keep else None)


def test_ten_thousand_at_once_and_again(store: Store) -> None:
    outcomes = [outcome(20.0 + number / 1000) for number in range(10_000)]
    assert store.record(outcomes) == [NEW] * 10_000
    assert store.record(outcomes) == [SAME] * 10_000
    assert store.labels(MODEL.digest, 20_000).actual.tolist() == [each.actual for each in outcomes]


def test_writers_on_the_same_receipts_neither_lose_nor_double(open_store: Open, url: str) -> None:
    # Of two stores, as of two servers.
    stores = [open_store(), open_store()]
    pool = [outcome() for _ in range(40)]
    together = threading.Barrier(6)

    def write(number: int) -> list[Recorded]:
        chance, results = random.Random(number), []
        together.wait()
        for _ in range(20):
            some = chance.sample(pool, 10)
            results += stores[number % 2].record(some, seconds=60)
        return results

    with ThreadPoolExecutor(6) as threads:
        results = Counter(each for found in threads.map(write, range(6)) for each in found)
    assert results[NEW] == count(url)
    assert set(results) == {NEW, SAME}
    assert stores[0].models()[0].total == results[NEW]


def test_corrections_by_many_leave_a_whole_chain(open_store: Open, url: str) -> None:
    stores = [open_store(), open_store()]
    first = outcome(1.0)

    def correct(number: int) -> Recorded:
        given = msgspec.structs.replace(first, actual=2.0 + number)
        (result,) = stores[number % 2].record([given], seconds=60)
        return result

    stores[0].record([first])
    with ThreadPoolExecutor(6) as threads:
        assert set(threads.map(correct, range(24))) == {CORRECTED}
    assert count(url) == 1
    assert count(url, HISTORY) == 24


def test_tables_are_made_once_by_many_at_once(open_store: Open, url: str) -> None:
    stores = [open_store() for _ in range(6)]
    together = threading.Barrier(6)

    def prepare(store: Store) -> None:
        together.wait()
        store.prepare(seconds=60)

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(prepare, stores))
    assert count(url, SCHEMA) == 1


def test_the_tables_of_a_newer_release_are_refused(
    store: Store, open_store: Open, url: str
) -> None:
    store.record([outcome()])
    engine = create_engine(location.read(url))
    with engine.begin() as connection:
        connection.execute(update(SCHEMA).values(version=7))
    engine.dispose()
    with pytest.raises(NewerStoreError, match="has version 7 of its tables, and this server knows"):
        open_store().record([outcome()])


def test_what_is_too_old_is_purged_with_its_history(store: Store, url: str) -> None:
    old = [outcome(of=receipt(priced_at=1_000_000 * number)) for number in range(1, 1203)]
    store.record(old)
    store.record([msgspec.structs.replace(old[0], actual=30.0)])
    store.record([outcome()])
    assert list(store.purge(before=1_202_000_000 // 1000)) == [500, 500, 201]
    assert (count(url), count(url, HISTORY)) == (2, 0)


def test_one_of_many_purges(open_store: Open) -> None:
    stores = [open_store(), open_store()]
    assert [store.claim_purge(since=1) for store in stores] == [True, False]


def test_forgotten_is_gone_with_its_history(store: Store, url: str) -> None:
    kept, gone = outcome(), outcome()
    store.record([kept, gone])
    store.record([msgspec.structs.replace(gone, actual=30.0)])
    assert store.forget([gone.id, gone.id, b"unknown"]) == 1
    assert (count(url), count(url, HISTORY)) == (1, 0)
    # And it can be recorded anew.
    assert store.record([gone]) == [NEW]


def test_export_goes_on_where_it_ended(store: Store) -> None:
    outcomes = [outcome(of=receipt(price=20.0 + number)) for number in range(1500)]
    store.record(outcomes)
    first = store.export()
    second = store.export(first.after)
    rows = [*first.rows, *second.rows]
    assert [row["price"] for row in rows] == [each.receipt.price for each in outcomes]
    assert store.export(second.after).rows == []


def test_a_lock_that_is_held_too_long_ends_in_time(open_store: Open, url: str) -> None:
    known: Outcome = outcome()
    store = open_store(seconds=0.5)
    store.record([known])
    engine = create_engine(location.read(url))
    with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            connection.execute(text("BEGIN IMMEDIATE"))
        else:
            connection.execute(select(OUTCOMES).with_for_update())
        with pytest.raises(StoreUnavailableError):
            store.record([msgspec.structs.replace(known, actual=30.0)], seconds=0.5)
        connection.rollback()
    engine.dispose()
    (result,) = open_store().record([msgspec.structs.replace(known, actual=30.0)])
    assert result is CORRECTED


def test_an_error_says_no_value(open_store: Open, url: str) -> None:
    store = open_store()
    store.prepare()
    engine = create_engine(location.read(url))
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE outcomes"))
    engine.dispose()
    with pytest.raises(StoreUnavailableError) as caught:
        store.record([outcome(1234.5, source="canary")])
    assert "1234.5" not in str(caught.value)
    assert "canary" not in str(caught.value)


def test_a_write_that_fails_leaves_nothing(store: Store, url: str) -> None:
    store.prepare()
    database = Database(location.read(url), connections=1, seconds=5)

    def half(connection: object) -> None:
        values = {"version": 1, "purged_at": 9, "next_seq": 1}
        connection.execute(insert(SCHEMA).values(values))  # type: ignore[attr-defined]
        raise OSError

    with pytest.raises(StoreUnavailableError):
        database.run(half, seconds=0.1, writes=True)
    database.close()
    assert count(url, SCHEMA) == 1


def test_the_file_is_its_owners(tmp_path: Path) -> None:
    file = tmp_path / "new" / "feedback.db"
    store = Store(Database(location.read(f"sqlite:///{file}"), connections=1, seconds=5))
    store.record([outcome()])
    modes = {path.name: path.stat().st_mode & 0o077 for path in file.parent.iterdir()}
    store.close()
    assert modes == {"feedback.db": 0, "feedback.db-shm": 0, "feedback.db-wal": 0}


def test_a_file_that_was_taken_away_is_made_anew(tmp_path: Path) -> None:
    file = tmp_path / "feedback.db"
    url, known = f"sqlite:///{file}", outcome()
    store = Store(Database(location.read(url), connections=2, seconds=5))
    store.record([known])
    for each in tmp_path.iterdir():
        each.unlink()
    until(lambda: recorded(store, known))
    assert count(url) == 1
    store.close()


def test_of_what_is_forgotten_no_byte_is_left(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'feedback.db'}"
    stores = [Store(Database(location.read(url), connections=2, seconds=5)) for _ in range(2)]
    gone = outcome(source="canary-of-a-source")
    stores[0].record([gone, outcome()])
    assert any(b"canary-of" in file.read_bytes() for file in tmp_path.iterdir())
    # As by the command, while a server has the file open.
    assert stores[1].forget([gone.id]) == 1
    assert not any(b"canary-of" in file.read_bytes() for file in tmp_path.iterdir())
    for each in stores:
        each.close()


def recorded(store: Store, known: Outcome) -> bool:
    """Whether it could be recorded by now."""
    try:
        return bool(store.record([known]))
    except StoreUnavailableError:
        return False
