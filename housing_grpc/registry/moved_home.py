"""Where the files of an embedded registry are, though its home folder was moved or copied.

MLflow keeps the places of files as absolute paths. That of the experiment which is made with the
database tells where the home was when they were written. Like `registry.location`, this needs no
library.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote, urlsplit

ARTIFACTS = "artifacts"
"""Folder of the files, beside the database."""


def recorded_artifacts(file: Path) -> Path | None:
    """Returns the folder that an SQLite file says its artifacts are in, or None if it says none.

    Args:
        file: The database; it is only read.
    """
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as database:
            row = database.execute(
                "SELECT artifact_location FROM experiments WHERE experiment_id = 0"
            ).fetchone()
    except sqlite3.Error:  # It is no database of MLflow's, or not yet.
        return None
    folder = local_folder(str(row[0])) if row and row[0] else None
    return folder.parent if folder else None


def present_place(place: str, recorded: Path, artifacts: Path) -> Path | None:
    """Returns where a folder of a home that was moved is now, or None if it is none of these.

    Args:
        place: The folder, as MLflow keeps it: a URI, or a path.
        recorded: What `recorded_artifacts` says.
        artifacts: The folder of all artifacts now.
    """
    folder = local_folder(place)
    if folder is None or not folder.is_relative_to(recorded):
        return None
    return artifacts / folder.relative_to(recorded)


def followed(place: str, file: Path) -> str:
    """Returns where files are that lie in the registry's own home, should it have been moved.

    Args:
        place: Their address, as the registry says it.
        file: The registry's database.
    """
    recorded = recorded_artifacts(file)
    now = present_place(place, recorded, file.with_name(ARTIFACTS)) if recorded else None
    return now.as_uri() if now and now.is_dir() else place


def local_folder(uri: str) -> Path | None:
    """Returns the folder that a URI of an artifact store names, or None if it is elsewhere."""
    parts = urlsplit(uri)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    return None if parts.scheme else Path(uri)
