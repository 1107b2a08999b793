"""MLflow's records in an SQLite file, by queries of tables that are known.

Each answer is what MLflow's own store for SQLAlchemy gives; tests compare the two.
"""

import sqlite3
from collections.abc import Callable
from typing import Any

from housing_grpc.registry.moved_home import local_folder
from housing_grpc.registry.sqlite_file import WORKSPACE, SqliteFile, is_known

from ..base.errors import RegistryError
from .records import Experiment, Run, Version, moment, naming

_VERSIONS = """
    SELECT version, run_id, source, creation_time FROM model_versions
    WHERE workspace = :workspace AND name = :name AND current_stage <> 'Deleted_Internal'
    ORDER BY version DESC
"""
_VERSION_TAGS = """
    SELECT version, key, value FROM model_version_tags
    WHERE workspace = :workspace AND name = :name
"""
_ALIASES = """
    SELECT alias, version FROM registered_model_aliases
    WHERE workspace = :workspace AND name = :name
"""
_EXPERIMENT = """
    SELECT experiment_id, lifecycle_stage FROM experiments
    WHERE workspace = :workspace AND name = :name
"""
_RUNS = "SELECT run_uuid, start_time, status FROM runs WHERE run_uuid = :run_id"
_LATEST_RUNS = """
    SELECT r.run_uuid, r.start_time, r.status FROM runs r
    JOIN params p ON p.run_uuid = r.run_uuid AND p.key = 'model' AND p.value <> ''
    WHERE r.experiment_id = :experiment AND r.lifecycle_stage = 'active'
    ORDER BY r.start_time IS NULL, r.start_time DESC, r.run_uuid LIMIT :limit
"""
_RUNS_BEGINNING = """
    SELECT run_uuid, start_time, status FROM runs
    WHERE experiment_id = :experiment AND lifecycle_stage = 'active' AND run_uuid GLOB :pattern
    ORDER BY start_time DESC, run_uuid LIMIT :limit
"""
_PLACE = """
    SELECT artifact_location FROM logged_models
    WHERE model_id = :model_id AND lifecycle_stage <> 'deleted'
"""
# One statement, which SQLite does as a whole or not at all. MLflow's own looks for the version,
# and then for the row of the alias, to write this same row.
_SET_ALIAS = """
    INSERT INTO registered_model_aliases (workspace, name, alias, version)
    SELECT workspace, name, :alias, version FROM model_versions
    WHERE workspace = :workspace AND name = :name AND version = :version
        AND current_stage <> 'Deleted_Internal'
    ON CONFLICT (workspace, name, alias) DO UPDATE SET version = excluded.version
"""
_MODEL_TAGS = """
    SELECT key, value FROM registered_model_tags WHERE workspace = :workspace AND name = :name
"""
_SET_MODEL_TAG = """
    INSERT INTO registered_model_tags (workspace, name, key, value)
    SELECT workspace, name, :key, :value FROM registered_models
    WHERE workspace = :workspace AND name = :name
    ON CONFLICT (workspace, key, name) DO UPDATE SET value = excluded.value
"""
_SET_VERSION_TAG = """
    INSERT INTO model_version_tags (workspace, name, version, key, value)
    SELECT workspace, name, version, :key, :value FROM model_versions
    WHERE workspace = :workspace AND name = :name AND version = :version
        AND current_stage <> 'Deleted_Internal'
    ON CONFLICT (workspace, key, name, version) DO UPDATE SET value = excluded.value
"""


class FileRecords:
    """The records in a file.

    Args:
        file: The database, whose tables are known.
        elsewhere: Answers `has_file` of a model whose files are in no folder.
    """

    def __init__(self, file: SqliteFile, elsewhere: Callable[[str, str, str], bool]) -> None:
        self._file = file
        self._elsewhere = elsewhere

    def versions(self, name: str) -> list[Version]:
        """Return all versions of a registered model, the newest first."""
        tags: dict[int, dict[str, str]] = {}
        with self._file.opened() as database:
            # Of one moment, whoever writes meanwhile.
            database.execute("BEGIN")
            aliases = dict(_rows(database, _ALIASES, name=name))
            for number, key, value in _rows(database, _VERSION_TAGS, name=name):
                tags.setdefault(number, {})[key] = value
            rows = _rows(database, _VERSIONS, name=name)
        return [
            Version(
                number=number,
                run_id=run_id or "",
                source=source or "",
                created=moment(created),
                tags=tags.get(number, {}),
                aliases=naming(aliases, number),
            )
            for number, run_id, source, created in rows
        ]

    def experiment(self, name: str) -> Experiment | None:
        """Return the experiment of a name, or None."""
        with self._file.opened() as database:
            for number, stage in _rows(database, _EXPERIMENT, name=name):
                return Experiment(experiment_id=str(number), active=stage == "active")
        return None

    def latest_runs(self, experiment_id: str, limit: int) -> list[Run]:
        """Return the latest runs that trained a model, the newest first."""
        return self._runs(_LATEST_RUNS, experiment=int(experiment_id), limit=limit)

    def runs_beginning(self, experiment_id: str, text: str, limit: int) -> list[Run]:
        """Return runs whose id begins with a text of hexadecimal digits."""
        pattern = f"{text}*"
        return self._runs(
            _RUNS_BEGINNING, experiment=int(experiment_id), pattern=pattern, limit=limit
        )

    def run(self, run_id: str) -> Run | None:
        """Return the run of an id, or None."""
        return next(iter(self._runs(_RUNS, run_id=run_id)), None)

    def has_file(self, model_id: str, folder: str, name: str) -> bool:
        """Return whether a folder of a logged model has a file; not if there is no such model."""
        with self._file.opened() as database:
            places = [place for (place,) in _rows(database, _PLACE, model_id=model_id)]
        for place in places:
            root = local_folder(place)
            if root is None:
                return self._elsewhere(model_id, folder, name)
            return (root / folder / name).is_file()
        return False

    def set_alias(self, name: str, alias: str, number: int) -> None:
        """Let an alias of a registered model name a version.

        Raises:
            RegistryError: The version has been deleted, or MLflow has changed its tables,
                meanwhile.
        """
        if not self._written(_SET_ALIAS, name=name, alias=alias, version=number):
            raise _changed(name, number)

    def model_tags(self, name: str) -> dict[str, str]:
        """Return the tags of a registered model; none if there is no such model."""
        with self._file.opened() as database:
            rows = _rows(database, _MODEL_TAGS, name=name)
        return {key: value or "" for key, value in rows}

    def set_model_tag(self, name: str, key: str, value: str) -> None:
        """Set a tag of a registered model.

        Raises:
            RegistryError: The model has been deleted, or MLflow has changed its tables, meanwhile.
        """
        if not self._written(_SET_MODEL_TAG, name=name, key=key, value=value):
            raise RegistryError(f"{name} was just changed; try again")

    def set_version_tag(self, name: str, number: int, key: str, value: str) -> None:
        """Set a tag of a version of a registered model.

        Raises:
            RegistryError: The version has been deleted, or MLflow has changed its tables,
                meanwhile.
        """
        if not self._written(_SET_VERSION_TAG, name=name, version=number, key=key, value=value):
            raise _changed(name, number)

    def _written(self, statement: str, **given: Any) -> bool:
        """Write as a statement says; return whether it found what it is about."""
        with self._file.opened("rw") as database, database:
            database.execute("BEGIN IMMEDIATE")
            # Asked again, as what is written must be what MLflow reads.
            if not is_known(database):
                return False
            return database.execute(statement, {"workspace": WORKSPACE, **given}).rowcount > 0

    def _runs(self, query: str, **given: Any) -> list[Run]:
        with self._file.opened() as database:
            database.execute("BEGIN")
            return [_run(database, *row) for row in _rows(database, query, **given)]


def _changed(name: str, number: int) -> RegistryError:
    return RegistryError(f"version {number} of {name} was just changed; try again")


def _run(database: sqlite3.Connection, run_id: str, started: int | None, status: str) -> Run:
    def of(table: str, value: str = "value") -> dict[str, Any]:
        # All names are of this file.
        query = f"SELECT key, {value} FROM {table} WHERE run_uuid = :run_id"  # noqa: S608
        return dict(_rows(database, query, run_id=run_id))

    # SQLite keeps no NaN, and MLflow notes it beside.
    latest = of("latest_metrics", "CASE WHEN is_nan THEN 'nan' ELSE value END")
    return Run(
        run_id=run_id,
        started=moment(started),
        status=status,
        params=of("params"),
        metrics={name: float(value) for name, value in latest.items()},
        tags=of("tags"),
    )


def _rows(database: sqlite3.Connection, query: str, **given: Any) -> list[Any]:
    return database.execute(query, {"workspace": WORKSPACE, **given}).fetchall()
