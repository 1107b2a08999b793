"""Keeps outcomes in SQLite or PostgreSQL; what it says is recorded is on disk."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
from sqlalchemy import Connection, delete, func, insert, select, update

from housing_grpc.challenger.verdict import Pairs
from housing_grpc.feedback import merging, outcome, pairs, schema
from housing_grpc.feedback.database import Database
from housing_grpc.feedback.errors import StoreUnavailableError
from housing_grpc.feedback.group_commit import GroupCommit
from housing_grpc.feedback.merging import Changes, Kept
from housing_grpc.feedback.outcome import Labels, ModelLabels, Outcome, Recorded
from housing_grpc.feedback.rows import new_row, replaced_row
from housing_grpc.feedback.tables import HISTORY, OUTCOMES, SCHEMA

T = TypeVar("T")

_SECONDS = 10.0
# Sums of more would be too large for SQLite.
_MOMENTS = 1_000_003
# Parameters of one statement: SQLite takes 32,766, and each number of them is compiled anew.
_MOST_IDS = 500
_PURGED_AT_ONCE = 500
_READ_AT_ONCE = 1000
_KEPT = [getattr(OUTCOMES.c, name) for name in Kept.__struct_fields__]
_LABELS = [getattr(OUTCOMES.c, name) for name in Labels.__struct_fields__]


class Exported(NamedTuple):
    """Rows of the store, and where the next ones begin."""

    rows: list[dict[str, Any]]
    after: int


class Store:
    """Outcomes by receipt.

    Args:
        database: Where they are.
        keep_features: Whether the features of houses are kept, too.
    """

    def __init__(self, database: Database, *, keep_features: bool = False) -> None:
        self._database = database
        self._keep_features = keep_features
        self._prepared = False
        self._commits = GroupCommit(self._record_now)

    def prepare(self, seconds: float = _SECONDS) -> None:
        """Makes the tables if they are not there; done by itself, too, before anything else.

        Raises:
            NewerStoreError: They are those of a newer release.
            StoreUnavailableError: It does not answer.
        """
        if not self._prepared:
            self._database.run(schema.prepare, seconds=seconds, writes=True)
            self._prepared = True

    def record(self, outcomes: Sequence[Outcome], seconds: float = _SECONDS) -> list[Recorded]:
        """Records outcomes, all or none, each after those before it.

        Args:
            outcomes: At least one.
            seconds: Within which it is tried again, where that helps.

        Returns:
            What was done with each.

        Raises:
            StoreUnavailableError: Perhaps none of them was recorded; all may be sent again.
        """
        return self._commits.record(outcomes, seconds)

    def labels(self, digest: str, most: int) -> Labels:
        """Returns the latest outcomes of a model, those that were retracted left out.

        Args:
            digest: First 16 digits of the digest of its bundle.
            most: Most of them.

        Raises:
            StoreUnavailableError: It does not answer.
        """
        wanted = OUTCOMES.c.digest == digest, OUTCOMES.c.retracted.is_(False)
        asked = select(*_LABELS).where(*wanted).order_by(OUTCOMES.c.seq.desc()).limit(most)
        rows = self._read(asked)
        # NumPy takes six times as long for rows that are no plain tuples.
        plain = [tuple(row) for row in reversed(rows)]
        columns = np.array(plain, dtype=np.float64).reshape(-1, len(_LABELS)).T
        return Labels(**dict(zip(Labels.__struct_fields__, columns, strict=True)))

    def pairs(self, champion: str, challenger: str) -> Pairs:
        """Returns by how much one of two models was nearer to true prices.

        Args:
            champion: First 16 digits of the digest of the live model's bundle.
            challenger: The same of the one that is compared with it.

        Raises:
            StoreUnavailableError: It does not answer.
        """
        self.prepare()
        return self._database.run(
            lambda connection: pairs.read(connection, champion, challenger), seconds=_SECONDS
        )

    def models(self) -> list[ModelLabels]:
        """Returns how many outcomes each model has, that with the latest one first.

        Raises:
            StoreUnavailableError: It does not answer.
        """
        latest = func.max(OUTCOMES.c.recorded_at)
        # What is corrected by a server whose clock is behind is not the latest.
        moments = func.sum(OUTCOMES.c.recorded_at % _MOMENTS)
        asked = (
            select(OUTCOMES.c.digest, func.max(OUTCOMES.c.version), func.count(), latest, moments)
            .where(OUTCOMES.c.retracted.is_(False))
            .group_by(OUTCOMES.c.digest)
            .order_by(latest.desc(), OUTCOMES.c.digest)
        )
        return [
            ModelLabels(digest, version, total, last, int(moments))
            for digest, version, total, last, moments in self._read(asked)
        ]

    def export(self, after: int = 0) -> Exported:
        """Returns the next outcomes in the order in which they were first recorded.

        Args:
            after: Where those before ended.

        Raises:
            StoreUnavailableError: It does not answer.
        """
        columns = OUTCOMES.columns
        asked = select(OUTCOMES).where(OUTCOMES.c.seq > after).order_by(OUTCOMES.c.seq)
        rows = self._read(asked.limit(_READ_AT_ONCE))
        named = [dict(zip(columns.keys(), row, strict=True)) for row in rows]
        return Exported(named, named[-1]["seq"] if named else after)

    def purge(self, before: int) -> Iterator[int]:
        """Deletes the outcomes of prices that were given before a moment, a few at a time.

        Args:
            before: In microseconds of Unix time.

        Yields:
            How many were deleted, after each transaction.

        Raises:
            StoreUnavailableError: It does not answer.
        """
        old = select(OUTCOMES.c.id).where(OUTCOMES.c.priced_at < before).limit(_PURGED_AT_ONCE)

        def work(connection: Connection) -> int:
            return _delete(connection, list(connection.scalars(old)))

        while deleted := self._run(work, writes=True):
            yield deleted

    def claim_purge(self, since: int) -> bool:
        """Returns whether this process is to look for what is too old.

        Args:
            since: If somebody has done so since this moment, it is not.

        Raises:
            StoreUnavailableError: It does not answer.
        """
        claimed = update(SCHEMA).where(SCHEMA.c.purged_at < since).values(purged_at=outcome.now())
        return self._run(
            lambda connection: connection.execute(claimed).rowcount > 0,
            writes=True,
        )

    def forget(self, ids: Iterable[bytes]) -> int:
        """Deletes outcomes and their history; returns how many there were.

        Raises:
            StoreUnavailableError: It does not answer.
        """
        wanted = sorted(set(ids))
        deleted = self._run(lambda connection: _delete(connection, wanted), writes=True)
        self._database.overwrite()
        return deleted

    def close(self) -> None:
        """Ends the connections."""
        self._database.close()

    def _run(
        self,
        work: Callable[[Connection], T],
        *,
        seconds: float = _SECONDS,
        writes: bool = False,
    ) -> T:
        self.prepare(seconds)
        try:
            return self._database.run(work, seconds=seconds, writes=writes)
        except StoreUnavailableError:
            # Another database may have come in the place of this one.
            self._prepared = False
            raise

    def _read(self, asked: Any) -> list[Any]:
        return self._run(lambda connection: list(connection.execute(asked)), seconds=_SECONDS)

    def _record_now(self, outcomes: Sequence[Outcome], seconds: float) -> list[Recorded]:
        return self._run(
            lambda connection: self._record(connection, outcomes), seconds=seconds, writes=True
        )

    def _record(self, connection: Connection, outcomes: Sequence[Outcome]) -> list[Recorded]:
        following = _lock(connection)
        found = _found(connection, sorted({each.id for each in outcomes}))
        changes = merging.merge(found, outcomes, outcome.now())
        self._write(connection, changes, following)
        return changes.results

    def _write(self, connection: Connection, changes: Changes, following: int) -> None:
        if changes.new:
            rows = [
                {"seq": seq, **new_row(first, kept, features=self._keep_features)}
                for seq, (first, kept) in enumerate(changes.new.values(), following)
            ]
            connection.execute(insert(OUTCOMES), rows)
            connection.execute(update(SCHEMA).values(next_seq=following + len(rows)))
        for key, kept in changes.changed.items():
            values = {name: getattr(kept, name) for name in Kept.__struct_fields__}
            connection.execute(update(OUTCOMES).where(OUTCOMES.c.id == key).values(values))
        if changes.replaced:
            connection.execute(insert(HISTORY), [replaced_row(each) for each in changes.replaced])


def _lock(connection: Connection) -> int:
    """Lets one transaction after the other write, on all servers; returns the number of the next.

    So numbers are in the order in which outcomes could be seen, and no two transactions wait for
    each other's rows. In SQLite, whoever writes is alone anyway.
    """
    asked = select(SCHEMA.c.next_seq).with_for_update()
    return int(connection.execute(asked).scalar_one())


def _found(connection: Connection, ids: Sequence[bytes]) -> dict[bytes, Kept]:
    found = {}
    for start in range(0, len(ids), _MOST_IDS):
        some = ids[start : start + _MOST_IDS]
        asked = select(OUTCOMES.c.id, *_KEPT).where(OUTCOMES.c.id.in_(some))
        for key, *values in connection.execute(asked):
            found[bytes(key)] = Kept(**dict(zip(Kept.__struct_fields__, values, strict=True)))
    return found


def _delete(connection: Connection, ids: Sequence[bytes]) -> int:
    _lock(connection)
    deleted = 0
    for start in range(0, len(ids), _MOST_IDS):
        some = ids[start : start + _MOST_IDS]
        connection.execute(delete(HISTORY).where(HISTORY.c.id.in_(some)))
        deleted += connection.execute(delete(OUTCOMES).where(OUTCOMES.c.id.in_(some))).rowcount
    return deleted
