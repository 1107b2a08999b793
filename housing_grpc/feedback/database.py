"""Reaches the database: every transaction ends in time, and is tried again where that helps."""

import logging
import random
import socket
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from sqlalchemy import URL, Connection
from sqlalchemy import exc as errors

from housing_grpc.base import log
from housing_grpc.base.overdue import Overdue
from housing_grpc.feedback.engines import WRITES, engine_of
from housing_grpc.feedback.errors import StoreUnavailableError

T = TypeVar("T")

# So long nobody asks a store that has just been found to be away: callers would all wait.
_AWAY_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 0.1
# Of PostgreSQL: two transactions could not both be, a deadlock, and a row that was held too long.
_PASSING_STATES = frozenset({"40001", "40P01", "55P03"})
_PASSING_NAMES = ("SQLITE_BUSY", "SQLITE_LOCKED")
_LONGEST_CAUSE = 200

_logger = logging.getLogger(__name__)


class Database:
    """Runs transactions.

    Args:
        url: Of `location.read`.
        connections: Most at a time.
        seconds: Longest time that one transaction may take.
    """

    def __init__(self, url: URL, *, connections: int, seconds: float) -> None:
        self._engine = engine_of(url, connections=connections, seconds=seconds)
        self._overdue: Overdue[Any] = Overdue(seconds, _cut, "feedback-watch")
        self._overdue.start()
        self._away_until = 0.0
        self._away = False

    def run(self, work: Callable[[Connection], T], *, seconds: float, writes: bool = False) -> T:
        """Runs a transaction and commits it; what it returns is then on disk.

        Args:
            work: Done again from its start if the database says so.
            seconds: Within which it may be done again.
            writes: Whether it writes.

        Raises:
            StoreUnavailableError: The database cannot do it, or not in time; or `work` raises it.
        """
        end = time.monotonic() + seconds
        # Callers of a store that is away would wait for it one after the other.
        if time.monotonic() < self._away_until:
            raise StoreUnavailableError("it has just been found not to answer")
        while True:
            try:
                result = self._once(work, writes)
            except StoreUnavailableError as error:
                self._log_away(str(error))
                raise
            except (errors.SQLAlchemyError, OSError) as error:
                pause = random.uniform(0, _LONGEST_PAUSE_SECONDS)  # noqa: S311 - no secret
                if not _passing(error) or time.monotonic() + pause > end:
                    raise self._unavailable(error) from None
                time.sleep(pause)
            else:
                self._answers()
                return result

    def overwrite(self) -> None:
        """Has SQLite write over what was deleted in its log, too, unless somebody reads just now.

        Raises:
            StoreUnavailableError: The file cannot be written.
        """
        if self._engine.dialect.name != "sqlite":
            return
        try:
            connection = self._engine.raw_connection()
            try:
                connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                connection.close()
        except (errors.SQLAlchemyError, sqlite3.Error) as error:
            raise self._unavailable(error) from None

    def close(self) -> None:
        """Ends the connections."""
        self._overdue.close()
        self._engine.dispose()

    def _once(self, work: Callable[[Connection], T], writes: bool) -> T:
        with self._engine.connect() as plain:
            connection = plain.execution_options(**{WRITES: writes})
            driver = connection.connection.driver_connection
            self._overdue.begin(driver)
            try:
                with connection.begin():
                    return work(connection)
            finally:
                self._overdue.end(driver)

    def _unavailable(self, error: BaseException) -> StoreUnavailableError:
        cause = _cause(error)
        if not _passing(error):
            self._away_until = time.monotonic() + _AWAY_SECONDS
        self._log_away(cause)
        return StoreUnavailableError(cause)

    def _log_away(self, cause: str) -> None:
        if not self._away:
            self._away = True
            log.event(_logger, logging.ERROR, "feedback.unavailable", cause=cause)

    def _answers(self) -> None:
        if self._away:
            self._away = False
            log.event(_logger, logging.INFO, "feedback.available")


def _passing(error: BaseException) -> bool:
    """Whether the same may well succeed at once."""
    if not isinstance(error, errors.DBAPIError):
        return False
    name = getattr(error.orig, "sqlite_errorname", "")
    state = getattr(error.orig, "sqlstate", None)
    # A connection that was kept is found to be broken only when it is used.
    return bool(
        error.connection_invalidated or state in _PASSING_STATES or name.startswith(_PASSING_NAMES)
    )


def _cause(error: BaseException) -> str:
    """Says what is wrong, without any value that was to be written or read."""
    if not isinstance(error, errors.DBAPIError):
        return type(error).__name__
    orig = error.orig
    name = getattr(orig, "sqlite_errorname", None) or getattr(orig, "sqlstate", None)
    if name:
        return f"{type(orig).__name__} {name}"
    # Errors of a statement may hold values, those of connecting do not.
    connecting = error.statement is None and not error.connection_invalidated
    text = " ".join(str(orig).split()) if connecting else ""
    return f"{type(orig).__name__} {text}".strip()[:_LONGEST_CAUSE]


def _cut(connections: Sequence[Any]) -> None:
    """Ends what takes too long, from another thread, by what is safe there."""
    for connection in connections:
        with suppress(Exception):
            if hasattr(connection, "interrupt"):
                connection.interrupt()
                continue
            # One that hangs says nothing, and no limit of its own ends the wait.
            with socket.socket(fileno=connection.fileno()) as held:
                try:
                    held.shutdown(socket.SHUT_RDWR)
                finally:
                    held.detach()
