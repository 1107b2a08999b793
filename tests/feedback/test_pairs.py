"""Outcomes whose houses two models have priced, in SQLite and PostgreSQL."""

import numpy as np
import pytest
from sqlalchemy import create_engine, select, text

from housing_grpc.challenger.rivals import Rival
from housing_grpc.feedback import location
from housing_grpc.feedback.store import Store
from housing_grpc.feedback.tables import SCHEMA, VERSION
from tests.feedback.conftest import Open
from tests.support.outcomes import MODEL, OTHER, outcome, receipt

CHAMPION, CHALLENGER = MODEL.digest, OTHER.digest


def test_both_directions_are_added_up(store: Store) -> None:
    ours = [
        outcome(20.0 + number, of=receipt(22.0), rival=Rival(CHALLENGER, 21.0 + number / 2))
        for number in range(5)
    ]
    theirs = [
        outcome(30.0, of=receipt(29.0 + number, model=OTHER), rival=Rival(CHAMPION, 31.0))
        for number in range(4)
    ]
    store.record([*ours, *theirs])
    store.record(ours)  # Twice is the same as once.
    store.record([outcome(25.0), outcome(25.0, rival=Rival("f" * 16, 20.0))])
    mine = np.array([2.0 - number for number in range(5)] + [1.0] * 4)
    other = np.array(
        [1.0 - number / 2 for number in range(5)] + [number - 1.0 for number in range(4)]
    )
    losses, errors = other**2 - mine**2, np.abs(other) - np.abs(mine)
    found = store.pairs(CHAMPION, CHALLENGER)
    assert found.loss.count == found.error.count == 9
    assert found.loss.total == pytest.approx(losses.sum())
    assert found.loss.squares == pytest.approx(np.square(losses).sum())
    assert found.error.total == pytest.approx(errors.sum())
    assert found.error.squares == pytest.approx(np.square(errors).sum())
    assert found.price == pytest.approx(sum(20.0 + number for number in range(5)) + 120)
    turned = store.pairs(CHALLENGER, CHAMPION)
    assert turned.loss.total == pytest.approx(-losses.sum())
    assert store.pairs(CHAMPION, "0" * 16).loss.count == 0


def test_what_is_corrected_or_retracted_counts_as_that(store: Store) -> None:
    first = outcome(20.0, of=receipt(22.0), rival=Rival(CHALLENGER, 21.0))
    store.record([first])
    assert store.pairs(CHAMPION, CHALLENGER).loss.total == 1 - 4
    # The other model's price stays, whatever is compared by then.
    store.record([outcome(21.0, of=first.receipt, rival=Rival("f" * 16, 50.0))])
    assert store.pairs(CHAMPION, CHALLENGER).loss.total == 0 - 1
    store.record([outcome(of=first.receipt, retract=True)])
    assert store.pairs(CHAMPION, CHALLENGER).loss.count == 0


def test_the_tables_of_an_older_release_get_what_they_lack(
    store: Store, open_store: Open, url: str
) -> None:
    store.record([outcome()])
    engine = create_engine(location.read(url))
    with engine.begin() as connection:
        connection.execute(text("DROP INDEX outcomes_pairs"))
        for column in ("rival_digest", "rival_price"):
            connection.execute(text(f"ALTER TABLE outcomes DROP COLUMN {column}"))
        connection.execute(text("UPDATE feedback_schema SET version = 1"))
    newer = open_store()
    newer.record([outcome(20.0, of=receipt(22.0), rival=Rival(CHALLENGER, 21.0))])
    assert newer.pairs(CHAMPION, CHALLENGER).loss.count == 1
    with engine.begin() as connection:
        assert connection.execute(select(SCHEMA.c.version)).scalar() == VERSION
    engine.dispose()
