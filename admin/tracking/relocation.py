"""Puts right what the embedded MLflow says of where its files are, once its home was moved."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from housing_grpc.registry.moved_home import (
    local_folder,
    present_place,
    recorded_artifacts,
)

_EXPERIMENTS = "experiments"
_PLACES = (
    (_EXPERIMENTS, "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "storage_location"),
    ("model_versions", "source"),
)
_LOCKED_SECONDS = 30.0


def is_moved(file: Path, artifacts: Path) -> bool:
    """Return whether a home is elsewhere than its database says.

    Args:
        file: The database.
        artifacts: The folder of artifacts beside it.
    """
    recorded = recorded_artifacts(file)
    if recorded is None or recorded == artifacts:
        return False
    # By way of a link, a folder has two names.
    return not (recorded.exists() and artifacts.exists() and recorded.samefile(artifacts))


def relocate(file: Path, artifacts: Path, say: Callable[[str], None]) -> None:
    """Let the database name the folders of the home that it is in; all of them, or none.

    What was not copied along, and is still where it was, is read from there. Nothing new is
    written there.

    Args:
        file: The database.
        artifacts: The folder of artifacts beside it.
        say: Called with a line that says so.

    Raises:
        sqlite3.Error: The database cannot be written to.
    """
    recorded = recorded_artifacts(file)
    if recorded is None:
        return
    with closing(sqlite3.connect(file, timeout=_LOCKED_SECONDS)) as database, database:
        database.execute("BEGIN IMMEDIATE")
        for table, column, row, place in _recorded_places(database):
            now = present_place(place, recorded, artifacts)
            if now and (table == _EXPERIMENTS or now.exists() or not _exists(place)):
                # Both names are of this file.
                change = f"UPDATE {table} SET {column} = ? WHERE rowid = ?"  # noqa: S608
                database.execute(change, (now.as_uri(), row))
    say(f"{artifacts.parent} was moved or copied from {recorded.parent}; MLflow names it now.")


def _recorded_places(database: sqlite3.Connection) -> Iterator[tuple[str, str, int, str]]:
    for table, column in _PLACES:
        rows = database.execute(
            f"SELECT rowid, {column} FROM {table} WHERE {column} IS NOT NULL"  # noqa: S608
        )
        for row, place in rows.fetchall():
            yield table, column, row, str(place)


def _exists(place: str) -> bool:
    folder = local_folder(place)
    return folder is not None and folder.exists()
