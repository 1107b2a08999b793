"""An SQLite file with MLflow's tables, opened within bounds; MLflow itself is not imported."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from housing_grpc.base.errors import ServingError
from housing_grpc.registry.registered_version import unavailable

SCHEMAS = frozenset({"dc11669786a5"})
"""Releases of MLflow's tables, by `alembic_version`, that are as they are read here."""

WORKSPACE = "default"
"""Of models and experiments, where nobody names another."""

# MLflow takes 100,000 characters of a tag; a file may have been made by anybody.
_LONGEST_VALUE = 2**20
_STEPS = 10_000


class SqliteFile:
    """A registry's database.

    Args:
        path: The file.
        seconds: Longest wait for whoever writes to it, and for an answer.
    """

    def __init__(self, path: Path, seconds: float) -> None:
        self.path = path
        self._seconds = seconds

    def is_known(self) -> bool:
        """Returns whether its tables are those of a release that is known here."""
        try:
            with self.opened() as database:
                return is_known(database)
        except ServingError:
            return False

    @contextmanager
    def opened(self, mode: str = "ro") -> Iterator[sqlite3.Connection]:
        """Opens it for a `with` block.

        Args:
            mode: "ro" to read, or "rw".

        Raises:
            ServingError: REGISTRY_UNAVAILABLE, if SQLite cannot do what is asked of it in time.
        """
        end = time.monotonic() + self._seconds
        uri = f"file:{quote(str(self.path))}?mode={mode}"
        try:
            with closing(sqlite3.connect(uri, self._seconds, uri=True)) as database:
                database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
                database.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
                database.execute("PRAGMA trusted_schema = OFF")
                yield database
        except sqlite3.Error as error:
            raise unavailable("the registry", type(error).__name__) from error


def is_known(database: sqlite3.Connection) -> bool:
    """Returns whether tables are those of a release that is known here."""
    found = database.execute("SELECT version_num FROM alembic_version").fetchmany(2)
    return len(found) == 1 and found[0][0] in SCHEMAS
