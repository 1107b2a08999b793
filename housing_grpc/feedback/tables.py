"""The tables of outcomes, the same in SQLite and PostgreSQL.

Moments are microseconds of Unix time; what is not there is NULL, as SQLite knows no NaN.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
)

VERSION = 2
"""Of these tables; another one means other tables."""

METADATA = MetaData()
# SQLite counts only in a column of this very type.
_COUNTER = BigInteger().with_variant(Integer, "sqlite")

SCHEMA = Table(
    "feedback_schema",
    METADATA,
    Column("version", Integer, nullable=False),
    # Of the next outcome. Whoever writes outcomes holds this row until its transaction ends.
    Column("next_seq", BigInteger, nullable=False),
    # When what is too old was last looked for, so that one process of many does it.
    Column("purged_at", BigInteger, nullable=False),
)

OUTCOMES = Table(
    "outcomes",
    METADATA,
    # In the order of first recording; no number is given twice.
    Column("seq", _COUNTER, primary_key=True, autoincrement=False),
    Column("id", LargeBinary(16), nullable=False, unique=True),
    Column("digest", String(16), nullable=False),
    Column("schema", String(8), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("variant", SmallInteger, nullable=False),
    Column("priced_at", BigInteger, nullable=False),
    Column("price", Double, nullable=False),
    Column("lower", Double),
    Column("upper", Double),
    Column("level", Double),
    Column("actual", Double, nullable=False),
    Column("observed_at", BigInteger),
    Column("source", String(100), nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("retracted", Boolean, nullable=False),
    Column("features", LargeBinary),
    # What another model would have asked for the house, that was compared with the one that did.
    Column("rival_digest", String(16)),
    Column("rival_price", Double),
)
Index("outcomes_labels", OUTCOMES.c.digest, OUTCOMES.c.retracted, OUTCOMES.c.seq)
# Has all that tells how many outcomes each model has, which is asked again and again.
Index(
    "outcomes_latest",
    OUTCOMES.c.digest,
    OUTCOMES.c.retracted,
    OUTCOMES.c.recorded_at,
    OUTCOMES.c.version,
)
# Of outcomes whose house another model has priced, too.
PAIRS = Index("outcomes_pairs", OUTCOMES.c.rival_digest, OUTCOMES.c.digest)
Index("outcomes_age", OUTCOMES.c.priced_at)

HISTORY = Table(
    "outcome_history",
    METADATA,
    Column("entry", _COUNTER, primary_key=True, autoincrement=True),
    Column("id", LargeBinary(16), nullable=False, index=True),
    Column("actual", Double, nullable=False),
    Column("observed_at", BigInteger),
    Column("source", String(100), nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    # What was done with it, as `Recorded` counts, and when.
    Column("change", SmallInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
)
