"""Makes engines for both databases: what is on disk when it is said to be, and limits of time."""

import os
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.exc import DisconnectionError

# A writer of SQLite waits so long for another one.
_BUSY_SECONDS = 4.0
_CONNECT_SECONDS = 3
_LOCK_MS = 3000
WRITES = "feedback_writes"
"""Option of a connection: whether its transaction writes."""


def engine_of(url: URL, *, connections: int, seconds: float) -> Engine:
    """Returns an engine; nothing is reached yet.

    Args:
        url: Of `location.read`.
        connections: Most at a time.
        seconds: Longest time that a transaction may take.
    """
    make = _sqlite if url.get_backend_name() == "sqlite" else _postgresql
    options: dict[str, Any] = {
        "pool_size": connections,
        "max_overflow": 0,
        "pool_timeout": seconds,
        # No value of an outcome stands in the text of an error.
        "hide_parameters": True,
    }
    return make(url, seconds, options)


def _sqlite(url: URL, seconds: float, options: dict[str, Any]) -> Engine:
    engine = create_engine(url, connect_args={"timeout": min(seconds, _BUSY_SECONDS)}, **options)

    @event.listens_for(engine, "do_connect")
    def make_file(*_: object) -> None:
        # Files beside it get its mode.
        path = Path(url.database or "")
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            # guard: what houses sold for is its owner's
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))

    @event.listens_for(engine, "checkout")
    def check_file(_: object, record: Any, __: object) -> None:
        # What is written to a file that was taken away would be gone with the process.
        # guard: the file that is written is the one that is there
        if record.info["file"] != _identity(url):
            raise DisconnectionError

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, record: Any) -> None:
        record.info["file"] = _identity(url)
        # Transactions begin where we say so.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")
        # What is answered is on disk.
        connection.execute("PRAGMA synchronous = FULL")
        # What is forgotten is overwritten.
        connection.execute("PRAGMA secure_delete = ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        writes = connection.get_execution_options().get(WRITES)
        # Who has read cannot begin to write while another one does: one that will says so at once.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _identity(url: URL) -> tuple[int, int] | None:
    try:
        found = Path(url.database or "").stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _postgresql(url: URL, seconds: float, options: dict[str, Any]) -> Engine:
    milliseconds = round(seconds * 1000)
    limits = {
        "statement_timeout": milliseconds,
        "lock_timeout": min(milliseconds, _LOCK_MS),
        # A server that hangs holds no row for long.
        "idle_in_transaction_session_timeout": milliseconds,
        # What is answered is on disk.
        "synchronous_commit": "on",
    }
    connect = {
        "connect_timeout": _CONNECT_SECONDS,
        "options": " ".join(f"-c {name}={value}" for name, value in limits.items()),
        "application_name": url.query.get("application_name", "housing-feedback"),
    }
    return create_engine(url, connect_args=connect, **options)
