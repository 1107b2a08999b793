"""Where the model registry is, and where in it a bundle lies.

The side that registers models and the side that serves them agree on these
names and on nothing else, so they stand in one module that needs no library.
"""

import re
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlsplit

DEFAULT_MODEL_NAME = "housing-price-model"
DEFAULT_ALIAS = "production"
DEFAULT_HOME = "var"

BUNDLE_FOLDER = "data/bundle"
"""Path of the bundle's folder inside the artifacts of a registered version."""

DIGEST_TAG = "bundle_digest"
"""Tag of a registered version that holds the digest of its bundle."""

CHALLENGER_ALIAS = "challenger"
"""Alias of the version that is compared with the one that serves."""

SHADOW_TAG = "challenger_shadow"
"""Tag of the registered model: share of houses that the challenger prices besides."""

SHARE_TAG = "challenger_share"
"""Tag of the registered model: share of calls that the challenger answers."""

STATEMENT_LIMIT = 5_000
"""Most characters of a statement, as MLflow's tables have them for the value of a tag."""

# MLflow takes 250 characters of the name of a tag, and 255 of an alias.
_STATEMENT_TAG = "statement."
_OF_ALIAS = 240

_EMBEDDED_SCHEMES = frozenset({"", "file", "sqlite"})
_SERVER_SCHEMES = frozenset(
    {"http", "https", "postgresql", "mysql", "mssql", "databricks", "databricks-uc", "uc"}
)
# With a driver, if any; the file, where what is special is written as %XX; the query.
_SQLITE = re.compile(r"sqlite(?:\+[^:/]*)?:///([^?]*)(?:\?(.*))?", re.DOTALL)
# With "sqlite:" alone, MLflow would make the folder that a quoted path spells, too.
_WITH_DRIVER = "sqlite+pysqlite"
# Of which none makes a name of the file something else.
_SQLITE_QUERY = frozenset(
    {"timeout", "isolation_level", "detect_types", "check_same_thread", "cached_statements"}
)
# Control characters, which URI parsers drop, and what stands for bytes that are not UTF-8.
_UNWRITABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_BEGINNING = re.compile(r"[A-Za-z][\w+.-]*://")
_QUERY = re.compile(r"[?#]")
# Its path may hold an @, and there is no user before it.
_FILE = re.compile(r"(?:sqlite(?:\+\w+)?|file):///|/(?!/)")
_PLUGINS = "mlflow.tracking_store"
# MLflow's databases keep 256 characters of a name, and it takes 255 of an alias.
LONGEST_NAME = 255
# With quotes of both kinds, MLflow could not be asked for its versions.
_NAME = re.compile(r"""(?!.*'.*"|.*".*')[^/:.][^/:]*""", re.DOTALL)
_ALIAS = re.compile(r"(?!latest$|v[0-9]+$)[A-Za-z0-9_-]{1,255}", re.IGNORECASE)


def keep_loopback_direct(variables: MutableMapping[str, str]) -> None:
    """Has HTTP libraries go to this machine itself without the proxy that variables may name.

    Args:
        variables: The environment, which is changed.
    """
    for name in ("no_proxy", "NO_PROXY"):
        exempt = variables.get(name) or variables.get("no_proxy") or variables.get("NO_PROXY")
        variables[name] = ",".join(filter(None, (exempt, "localhost", "127.0.0.1", "::1")))


def without_password(url: str) -> str:
    """Returns an address for messages and logs: without user, password, query and fragment.

    A password may hold / and ?, as databases take them, and a query may hold one: where it is
    not clear what is secret, that is left out.
    """
    found = _BEGINNING.match(url)
    scheme = found[0] if found else ""
    place, *query = _QUERY.split(url.removeprefix(scheme), maxsplit=1)
    if _FILE.match(url):
        return f"{scheme}{place}"
    # guard: a password that holds what begins a query
    if "@" in "".join(query):
        return f"{scheme}..."
    return f"{scheme}{place.rpartition('@')[2]}"


@dataclass(frozen=True, kw_only=True)
class RegistryLocation:
    """A registered model's place in an MLflow registry, and which version is wanted.

    Attributes:
        tracking_uri: MLflow tracking and registry URI.
        model_name: Registered model.
        alias: Names the version to serve.
    """

    tracking_uri: str
    model_name: str
    alias: str

    @property
    def embedded(self) -> bool:
        """Whether the registry is files of this machine rather than a server."""
        return _scheme(self.tracking_uri) in _EMBEDDED_SCHEMES

    @property
    def shown_uri(self) -> str:
        """The tracking URI for messages and logs: without user and password."""
        return without_password(self.tracking_uri)

    @property
    def sqlite_file(self) -> Path | None:
        """The file that holds the registry, or None if it is not SQLite."""
        return sqlite_file(self.tracking_uri)


def home_folder(env: Mapping[str, str]) -> Path:
    """Returns the absolute folder that holds all state of this machine.

    Args:
        env: Environment variables; HOUSING_HOME is read.

    Raises:
        ValueError: It begins with the home of a user that there is not, or no URI could name it.
    """
    given = env.get("HOUSING_HOME") or DEFAULT_HOME
    try:
        home = Path(given).expanduser().absolute()
    except RuntimeError:
        raise ValueError(
            f"HOUSING_HOME is {given!r}, which begins with the home of a user unknown here"
        ) from None
    if _UNWRITABLE.search(str(home)):
        raise ValueError(
            f"HOUSING_HOME is {str(home)!r}, which holds a control character or is not UTF-8"
        )
    return home


def from_environment(env: Mapping[str, str]) -> RegistryLocation:
    """Reads the location from environment variables; one that is empty counts as not set.

    Args:
        env: Environment variables; MLFLOW_TRACKING_URI, MLFLOW_MODEL_NAME,
            MLFLOW_MODEL_ALIAS and HOUSING_HOME are read.

    Raises:
        ValueError: A variable is wrong; the text names it and its value.
    """
    uri = env.get("MLFLOW_TRACKING_URI") or default_tracking_uri(home_folder(env))
    _check_scheme(uri)
    _check_sqlite(uri)
    if uri.startswith("sqlite:///") and "%" in uri:
        uri = uri.replace("sqlite", _WITH_DRIVER, 1)
    return RegistryLocation(
        tracking_uri=uri,
        model_name=_checked(env, "MLFLOW_MODEL_NAME", DEFAULT_MODEL_NAME, _NAME),
        alias=_checked(env, "MLFLOW_MODEL_ALIAS", DEFAULT_ALIAS, _ALIAS),
    )


def is_alias(text: str) -> bool:
    """Returns whether MLflow takes a text as an alias: letters, digits, - and _, at most 255."""
    return _ALIAS.fullmatch(text) is not None


def statement_tag(alias: str) -> str:
    """Returns the name of a version's tag that holds the statement that an alias names it."""
    return f"{_STATEMENT_TAG}{alias[:_OF_ALIAS]}"


def sqlite_file(tracking_uri: str) -> Path | None:
    """Returns the file that holds a registry, or None if it is not SQLite."""
    found = _SQLITE.fullmatch(tracking_uri)
    return Path(unquote(found[1])).absolute() if found else None


def sqlite_uri(file: Path) -> str:
    """Returns the tracking URI of a registry in an SQLite file, an absolute path."""
    quoted = quote(str(file))
    scheme = "sqlite" if quoted == str(file) else _WITH_DRIVER
    return f"{scheme}:///{quoted}"


def default_tracking_uri(home: Path) -> str:
    """Returns the URI of the embedded registry below a home folder, an absolute path."""
    return sqlite_uri(home / "mlflow.db")


def _scheme(uri: str) -> str:
    # A database's may name its driver, too: postgresql+psycopg.
    return urlsplit(uri).scheme.partition("+")[0]


def _check_scheme(uri: str) -> None:
    try:
        parts = urlsplit(uri)
        scheme, _ = parts.scheme, parts.port
    except ValueError:
        # What the parser says may hold a part of the password.
        raise ValueError(
            "MLFLOW_TRACKING_URI is not a URI: write special characters of a password as %XX"
        ) from None
    if _scheme(uri) in _EMBEDDED_SCHEMES | _SERVER_SCHEMES or uri == "databricks":
        return
    if scheme in {entry.name for entry in metadata.entry_points(group=_PLUGINS)}:
        return
    # No more of the URI is shown: it may hold a password.
    raise ValueError(
        f"MLFLOW_TRACKING_URI begins with {scheme + ':'!r}, which MLflow does not know;"
        " it is http://HOST:PORT, postgresql://USER:PASSWORD@HOST/DATABASE or sqlite:///FILE"
    )


def _check_sqlite(uri: str) -> None:
    found = _SQLITE.fullmatch(uri)
    if found is None:
        return
    # A path is written as it is, and SQLite would take what stands before its "?" for the file.
    names = [name for name, _ in parse_qsl(found[2] or "", keep_blank_values=True)]
    if not _SQLITE_QUERY.issuperset(names) or found[1] in ("", ":memory:"):
        raise ValueError(
            f"MLFLOW_TRACKING_URI is {uri!r}, which names no file of SQLite's: it is"
            " sqlite:///FILE, with special characters of FILE such as ? and % written as %XX"
        )


def _checked(env: Mapping[str, str], name: str, default: str, allowed: re.Pattern[str]) -> str:
    value = env.get(name) or default
    if len(value) > LONGEST_NAME:
        raise ValueError(f"{name} is longer than the {LONGEST_NAME} characters of a name")
    if not allowed.fullmatch(value):
        raise ValueError(f"{name} is {value!r}, which MLflow does not take as a name")
    return value
