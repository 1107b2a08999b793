"""Finds the strategies of a package by its files, and imports only the one asked for."""

import difflib
import importlib
import pkgutil
from collections.abc import Iterable
from typing import TypeVar

from .errors import UsageError

S = TypeVar("S")


def names(path: Iterable[str]) -> tuple[str, ...]:
    """Return the names of the modules below a package's `__path__`, sorted; none is imported."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(path)))


def require(package: str, path: Iterable[str], name: str) -> None:
    """Refuse a name that no module below a package has; none is imported.

    Args:
        package: Dotted name of the package.
        path: The package's `__path__`.
        name: Of the module.

    Raises:
        UsageError: There is no such module.
    """
    known = names(path)
    noun = package.rpartition(".")[2]
    if name not in known:
        raise UsageError(
            f"{name!r} is not one of the {noun}{guess(name, known)}; there are: {', '.join(known)}"
        )


def load(package: str, path: Iterable[str], name: str, kind: type[S]) -> S:
    """Import a strategy.

    Args:
        package: Dotted name of the package that holds the strategies.
        path: The package's `__path__`.
        name: Name of the strategy, and of its file.
        kind: Class that `STRATEGY` must be of.

    Returns:
        The file's `STRATEGY`.

    Raises:
        UsageError: There is no such file, it cannot be imported, or it has no `STRATEGY`.
    """
    require(package, path, name)
    try:
        module = importlib.import_module(f"{package}.{name}")
    except ImportError as error:
        raise UsageError(
            f"{package}.{name} cannot be imported: {error}; install what it needs"
        ) from error
    strategy = getattr(module, "STRATEGY", None)
    if not isinstance(strategy, kind):
        raise UsageError(
            f"{package}.{name} has no STRATEGY that is a {kind.__name__}; {_fix(strategy, kind)}"
        )
    if getattr(strategy, "name", None) != name:
        raise UsageError(f"{package}.{name}: STRATEGY is not named {name!r}; name it like its file")
    return strategy


def _fix(strategy: object, kind: type[S]) -> str:
    """Returns how to make a strategy one of a kind."""
    # The folder has two names, admin and housing_admin: this one came from the other.
    if type(strategy).__name__ == kind.__name__:
        return f"import it as the other files do: from ..strategies import {kind.__name__}"
    return "define it"


def guess(name: str, known: Iterable[str]) -> str:
    """Return " (did you mean ...?)" if one of `known` is close to `name`, else ""."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean {close[0]}?)" if close else ""
