"""A registry in an SQLite file, read without MLflow: its tables are those of a known release."""

from housing_grpc.registry import moved_home
from housing_grpc.registry.folder_store import FolderStore
from housing_grpc.registry.location import DIGEST_TAG, statement_tag
from housing_grpc.registry.registered_version import (
    RegisteredModel,
    RegisteredVersion,
    Wanted,
    unavailable,
)
from housing_grpc.registry.sqlite_file import WORKSPACE, SqliteFile
from housing_grpc.registry.store import STORE, Store

# By its number if one is given, or else by the alias.
_QUERY = """
    SELECT v.name, CAST(v.version AS TEXT), t.value, s.value,
        COALESCE(v.storage_location, v.source, '')
    FROM model_versions v
    LEFT JOIN registered_model_aliases a
        ON a.workspace = v.workspace AND a.name = v.name AND a.alias = :alias
    LEFT JOIN model_version_tags t
        ON t.workspace = v.workspace AND t.name = v.name AND t.version = v.version AND t.key = :tag
    LEFT JOIN model_version_tags s
        ON s.workspace = v.workspace AND s.name = v.name AND s.version = v.version
            AND s.key = :statement
    WHERE v.workspace = :workspace AND v.name = :name AND v.current_stage <> 'Deleted_Internal'
        AND CAST(v.version AS TEXT) = COALESCE(:version, CAST(a.version AS TEXT))
"""
_ALIASES = """
    SELECT alias, CAST(version AS TEXT) FROM registered_model_aliases
    WHERE workspace = :workspace AND name = :name
"""
_TAGS = """
    SELECT key, COALESCE(value, '') FROM registered_model_tags
    WHERE workspace = :workspace AND name = :name
"""


class MlflowSqlite:
    """The registry in a file.

    Args:
        file: The database, whose tables are known.
    """

    def __init__(self, file: SqliteFile) -> None:
        self._file = file

    def find(self, wanted: Wanted) -> RegisteredVersion:
        """Returns the version that is asked for."""
        name, version, tag, statement, _ = self._row(wanted)
        found = RegisteredVersion(name=name, version=version, digest_tag=tag, statement=statement)
        return found.checked(wanted)

    def model(self, name: str) -> RegisteredModel:
        """Returns what is known of a registered model."""
        given = {"workspace": WORKSPACE, "name": name}
        with self._file.opened() as database:
            # Of one moment, whoever writes meanwhile.
            database.execute("BEGIN")
            aliases, tags = (
                dict(database.execute(query, given).fetchall()) for query in (_ALIASES, _TAGS)
            )
        return RegisteredModel(aliases=aliases, tags=tags)

    def store(self, found: RegisteredVersion) -> Store | None:
        """Returns the files of a version, if they are in a folder."""
        wanted = Wanted(name=found.name, alias="", version=found.version)
        *_, place = self._row(wanted)
        try:
            return FolderStore.at(moved_home.followed(place, self._file.path))
        except OSError as error:
            raise unavailable(STORE, type(error).__name__) from error

    def _row(self, wanted: Wanted) -> tuple[str, ...]:
        given = {
            "workspace": WORKSPACE,
            "tag": DIGEST_TAG, "statement": statement_tag(wanted.alias),
            "name": wanted.name, "version": wanted.version, "alias": wanted.alias,
        }  # fmt: skip
        with self._file.opened() as database:
            row: tuple[str, ...] | None = database.execute(_QUERY, given).fetchone()
        if row is None:
            raise wanted.absent()
        return row
