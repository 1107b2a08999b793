"""Where the model registry is, and where in it a bundle lies.

The side that registers models and the side that serves them agree on these
names and on nothing else, so they stand in one module that needs no library.
"""

import re
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

DEFAULT_MODEL_NAME = "housing-price-model"
DEFAULT_ALIAS = "production"
DEFAULT_HOME = "var"

BUNDLE_FOLDER = "data/bundle"
"""Path of the bundle's folder inside the artifacts of a registered version."""

DIGEST_TAG = "bundle_digest"
"""Tag of a registered version that holds the digest of its bundle."""

_EMBEDDED_SCHEMES = frozenset({"", "file", "sqlite"})
_SERVER_SCHEMES = frozenset(
    {"http", "https", "postgresql", "mysql", "mssql", "databricks", "databricks-uc", "uc"}
)
# With a driver, and without what follows as a query.
_SQLITE = re.compile(r"sqlite(?:\+[^:/]*)?:///([^?]*)")
_PLUGINS = "mlflow.tracking_store"
# MLflow's databases keep 256 characters of a name, and it takes 255 of an alias.
LONGEST_NAME = 255
_NAME = re.compile(r"[^/:.][^/:]*")
_ALIAS = re.compile(r"(?!latest$|v[0-9]+$)[A-Za-z0-9_-]{1,255}", re.IGNORECASE)


def keep_loopback_direct(variables: MutableMapping[str, str]) -> None:
    """Has HTTP libraries go to this machine itself without the proxy that variables may name.

    Args:
        variables: The environment, which is changed.
    """
    for name in ("no_proxy", "NO_PROXY"):
        exempt = variables.get(name) or variables.get("no_proxy") or variables.get("NO_PROXY")
        variables[name] = ",".join(filter(None, (exempt, "localhost", "127.0.0.1", "::1")))


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
        parts = urlsplit(self.tracking_uri)
        if "@" not in parts.netloc:
            return self.tracking_uri
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))

    @property
    def sqlite_file(self) -> Path | None:
        """The file that holds the registry, or None if it is not SQLite."""
        return sqlite_file(self.tracking_uri)


def home_folder(env: Mapping[str, str]) -> Path:
    """Returns the absolute folder that holds all state of this machine.

    Args:
        env: Environment variables; HOUSING_HOME is read.

    Raises:
        ValueError: It begins with the home of a user that there is not.
    """
    given = env.get("HOUSING_HOME") or DEFAULT_HOME
    try:
        return Path(given).expanduser().absolute()
    except RuntimeError:
        raise ValueError(
            f"HOUSING_HOME is {given!r}, which begins with the home of a user unknown here"
        ) from None


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
    return RegistryLocation(
        tracking_uri=uri,
        model_name=_checked(env, "MLFLOW_MODEL_NAME", DEFAULT_MODEL_NAME, _NAME),
        alias=_checked(env, "MLFLOW_MODEL_ALIAS", DEFAULT_ALIAS, _ALIAS),
    )


def is_alias(text: str) -> bool:
    """Returns whether MLflow takes a text as an alias: letters, digits, - and _, at most 255."""
    return _ALIAS.fullmatch(text) is not None


def sqlite_file(tracking_uri: str) -> Path | None:
    """Returns the file that holds a registry, or None if it is not SQLite."""
    found = _SQLITE.match(tracking_uri)
    return Path(found[1]).absolute() if found else None


def default_tracking_uri(home: Path) -> str:
    """Returns the URI of the embedded registry below a home folder, an absolute path."""
    return f"sqlite:///{home / 'mlflow.db'}"


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


def _checked(env: Mapping[str, str], name: str, default: str, allowed: re.Pattern[str]) -> str:
    value = env.get(name) or default
    if len(value) > LONGEST_NAME:
        raise ValueError(f"{name} is longer than the {LONGEST_NAME} characters of a name")
    if not allowed.fullmatch(value):
        raise ValueError(f"{name} is {value!r}, which MLflow does not take as a name")
    return value
