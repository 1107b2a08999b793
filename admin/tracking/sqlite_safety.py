"""Tells a database that only holds records from one that does something when it is asked.

A view may never end, a trigger does what it likes when a row is changed, and so does a function
in a constraint or an index: the comparison of two texts may take longer than anybody lives.
"""

import re
import sqlite3

# By what SQLite goes: not by the columns of its own table, which anybody may write as they like.
_RECORDS = ("CREATE TABLE ", "CREATE INDEX ", "CREATE UNIQUE INDEX ")
# MLflow has one, which keeps its secrets, and is on no other table.
_TRIGGER, _SECRETS = "CREATE TRIGGER ", "secrets"
_OPERATORS = re.compile(r"\b(like|glob|match|regexp)\b|--|/\*", re.IGNORECASE)


def is_passive(database: sqlite3.Connection) -> bool:
    """Return whether a database has tables and indexes alone, and these call no function.

    Raises:
        sqlite3.Error: It cannot be read.
    """
    names = "|".join({re.escape(row[0]) for row in database.execute("PRAGMA function_list")})
    calls = re.compile(rf"(?<!\w)(?:{names})[\"'`\]]?\s*\(", re.IGNORECASE)
    return all(
        # What keeps a primary key has no text.
        text is None
        or (text.startswith(_TRIGGER) and table == _SECRETS)
        or (text.startswith(_RECORDS) and not _OPERATORS.search(text) and not calls.search(text))
        for text, table in database.execute("SELECT sql, tbl_name FROM sqlite_master")
    )
