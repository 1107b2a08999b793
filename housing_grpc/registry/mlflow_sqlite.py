"""A registry in an SQLite file, read without MLflow: its tables are those of a known release."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from housing_grpc.base.errors import ServingError
from housing_grpc.registry import moved_home
from housing_grpc.registry.folder_store import FolderStore
from housing_grpc.registry.location import DIGEST_TAG
from housing_grpc.registry.registered_version import RegisteredVersion, Wanted, unavailable
from housing_grpc.registry.store import STORE, Store

SCHEMAS = frozenset({"dc11669786a5"})
"""Releases of MLflow's tables, by `alembic_version`, that are as they are read here."""

# A row has some hundred bytes; a file may have been made by anybody.
_LONGEST_VALUE = 2**16
_STEPS = 10_000
_WORKSPACE = "default"
# By its number if one is given, or else by the alias.
_QUERY = """
    SELECT v.name, CAST(v.version AS TEXT), t.value, COALESCE(v.storage_location, v.source, '')
    FROM model_versions v
    LEFT JOIN registered_model_aliases a
        ON a.workspace = v.workspace AND a.name = v.name AND a.alias = :alias
    LEFT JOIN model_version_tags t
        ON t.workspace = v.workspace AND t.name = v.name AND t.version = v.version AND t.key = :tag
    WHERE v.workspace = :workspace AND v.name = :name AND v.current_stage <> 'Deleted_Internal'
        AND CAST(v.version AS TEXT) = COALESCE(:version, CAST(a.version AS TEXT))
"""


class MlflowSqlite:
    """The registry in a file.

    Args:
        file: The database.
        seconds: Longest wait for whoever writes to it, and for an answer.
    """

    def __init__(self, file: Path, seconds: float) -> None:
        self._file = file
        self._seconds = seconds

    def is_known(self) -> bool:
        """Returns whether its tables are those of a release that is known here."""
        try:
            with self._opened() as database:
                found = database.execute("SELECT version_num FROM alembic_version").fetchmany(2)
        except ServingError:
            return False
        return len(found) == 1 and found[0][0] in SCHEMAS

    def find(self, wanted: Wanted) -> RegisteredVersion:
        """Returns the version that is asked for."""
        name, version, tag, _ = self._row(wanted)
        return RegisteredVersion(name=name, version=version, digest_tag=tag).checked(wanted)

    def store(self, found: RegisteredVersion) -> Store | None:
        """Returns the files of a version, if they are in a folder."""
        wanted = Wanted(name=found.name, alias="", version=found.version)
        *_, place = self._row(wanted)
        try:
            return FolderStore.at(moved_home.followed(place, self._file))
        except OSError as error:
            raise unavailable(STORE, type(error).__name__) from error

    def _row(self, wanted: Wanted) -> tuple[str, ...]:
        given = {
            "workspace": _WORKSPACE, "tag": DIGEST_TAG,
            "name": wanted.name, "version": wanted.version, "alias": wanted.alias,
        }  # fmt: skip
        with self._opened() as database:
            row: tuple[str, ...] | None = database.execute(_QUERY, given).fetchone()
        if row is None:
            raise wanted.absent()
        return row

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        end = time.monotonic() + self._seconds
        uri = f"file:{quote(str(self._file))}?mode=ro"
        try:
            with closing(sqlite3.connect(uri, self._seconds, uri=True)) as database:
                database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
                database.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
                database.execute("PRAGMA trusted_schema = OFF")
                yield database
        except sqlite3.Error as error:
            raise unavailable("the registry", type(error).__name__) from error
