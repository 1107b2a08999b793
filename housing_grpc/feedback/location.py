"""Reads FEEDBACK_URL: where outcomes are kept."""

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from housing_grpc.base import extras
from housing_grpc.feedback.errors import FeedbackUrlError

if TYPE_CHECKING:
    from sqlalchemy import URL

SETTING = "FEEDBACK_URL"
OWN_NAME = "feedback.db"
"""The file in the home in which `make serve` keeps outcomes."""

SQLITE, POSTGRESQL = "sqlite", "postgresql"
_DRIVERS = {
    SQLITE: ("sqlite+pysqlite", ("sqlalchemy",)),
    POSTGRESQL: ("postgresql+psycopg", ("sqlalchemy", "psycopg")),
}
_FORMS = "sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE"
# Of libpq: limits of time are ours, and the rest says how the server is reached and known.
_PARAMETERS = frozenset(
    {"sslmode", "sslrootcert", "sslcert", "sslkey", "application_name", "target_session_attrs"}
)


def own(home: Path) -> str:
    """Returns the URL of the file in a home."""
    return f"sqlite:///{quote(str(home / OWN_NAME))}"


def read(text: str) -> "URL":
    """Reads a URL that is not empty.

    Raises:
        FeedbackUrlError: It is none, or what it takes is not installed.
    """
    scheme = text.partition(":")[0]
    kind = scheme.partition("+")[0]
    driver, modules = _DRIVERS.get(kind, ("", ()))
    if not driver or scheme not in (kind, driver):
        # guard: a URL that may hold a password is not shown
        raise FeedbackUrlError(f"{SETTING}: is no {_FORMS}")
    lacking = extras.missing("feedback", *modules, purpose=SETTING)
    if lacking:
        raise FeedbackUrlError(lacking)
    url = _parsed(text).set(drivername=driver)
    return _file(url) if kind == SQLITE else _server(url)


def _parsed(text: str) -> "URL":
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        return make_url(text)
    except (ArgumentError, ValueError):
        raise FeedbackUrlError(
            f"{SETTING}: is no {_FORMS}; in a password, write what is special as %XX"
        ) from None


def _file(url: "URL") -> "URL":
    name = unquote(url.database or "")
    if url.host or not name or name == ":memory:" or name.startswith("file:") or url.query:
        raise FeedbackUrlError(
            f"{SETTING}: names no file of SQLite: write sqlite:///FILE, such as "
            "sqlite:////srv/feedback.db, with neither host nor query"
        )
    return url.set(database=str(Path(name).expanduser().absolute()))


def _server(url: "URL") -> "URL":
    # What is left of a password with an @ in it would be shown as the host.
    # guard: a host that is a part of a password
    if "@" in f"{url.host}{url.database}":
        raise FeedbackUrlError(
            f"{SETTING}: is no {_FORMS}; in a password, write what is special as %XX"
        )
    if not url.host or not url.database:
        raise FeedbackUrlError(f"{SETTING}: lacks the host or the database: write {_FORMS}")
    unknown = sorted(set(url.query) - _PARAMETERS)
    if unknown:
        raise FeedbackUrlError(
            f"{SETTING}: has the parameter {unknown[0]!r}; it takes "
            f"{', '.join(sorted(_PARAMETERS))}"
        )
    return url
