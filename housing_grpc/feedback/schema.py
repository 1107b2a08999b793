"""Makes the tables at the first start, and refuses those of a newer release."""

from sqlalchemy import Connection, insert, inspect, select, text, update

from housing_grpc.feedback.errors import NewerStoreError, StoreUnavailableError
from housing_grpc.feedback.tables import METADATA, OUTCOMES, PAIRS, SCHEMA, VERSION

# The version of the tables before outcomes told what another model would have asked.
_WITHOUT_PAIRS = 1
# Any number that no other program takes for the same.
_LOCK = 7_203_441_905_326_118


def prepare(connection: Connection) -> None:
    """Makes the tables if they are not there; several processes may do so at once.

    Args:
        connection: In a transaction that writes.

    Raises:
        StoreUnavailableError: The tables are others.
    """
    if connection.dialect.name == "postgresql":
        # In SQLite, a transaction that writes is alone from its begin.
        # Two servers that start at once make one set of tables.
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    if not inspect(connection).has_table(SCHEMA.name):
        METADATA.create_all(connection)
        connection.execute(insert(SCHEMA).values(version=VERSION, next_seq=1, purged_at=0))
        return
    found = connection.execute(select(SCHEMA.c.version)).scalar()
    if found == _WITHOUT_PAIRS:
        found = _add_pairs(connection)
    # guard: the tables of a newer release
    if found is not None and found > VERSION:
        raise NewerStoreError(
            f"the store of outcomes has version {found} of its tables, and this server knows "
            f"version {VERSION}: start a newer housing-grpc, or set FEEDBACK_URL to another one"
        )
    if found != VERSION:
        raise StoreUnavailableError("the store of outcomes has tables of no release")


def _add_pairs(connection: Connection) -> int:
    """Gives the tables of an older release the columns of pairs; returns their version."""
    compiler = connection.dialect.type_compiler_instance
    for column in (OUTCOMES.c.rival_digest, OUTCOMES.c.rival_price):
        # Both are our own names.
        kind = compiler.process(column.type)
        connection.execute(text(f"ALTER TABLE {OUTCOMES.name} ADD COLUMN {column.name} {kind}"))
    PAIRS.create(connection)
    connection.execute(update(SCHEMA).values(version=VERSION))
    return VERSION
