"""What lies behind an error of the registry that names something else.

MLflow and the libraries below it wrap what went wrong, some of them as text. Like
`registry.location`, this needs no library.
"""

import errno
from collections.abc import Iterator

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
# As the operating system and SQLite say it.
_FULL_TEXTS = ("No space left on device", "Disk quota exceeded", "disk is full")
# The package that brings a driver, where it is not named like the module.
_DRIVER_PACKAGES = {
    "MySQLdb": "mysqlclient",
    "mysql": "mysql-connector-python",
    "psycopg": "psycopg[binary]",
    "psycopg2": "psycopg2-binary",
}


def missing_driver(error: BaseException) -> str | None:
    """Returns what to do about a database driver that is not installed.

    Args:
        error: What opening a registry raised; what caused it is looked at, too.

    Returns:
        One line, or None if the error has another reason.
    """
    for seen in _chain(error):
        # Known by its name: SQLAlchemy is not imported here.
        if type(seen).__name__ == "NoSuchModuleError":
            return (
                "MLFLOW_TRACKING_URI names a database or driver that SQLAlchemy does not know;"
                " postgresql://USER:PASSWORD@HOST/DATABASE needs nothing more to be installed"
            )
        if isinstance(seen, ModuleNotFoundError) and seen.name:
            module = seen.name.partition(".")[0]
            return (
                f"MLFLOW_TRACKING_URI needs the Python module {module!r}, which is not installed;"
                f" pip install '{_DRIVER_PACKAGES.get(module, module)}'"
            )
    return None


def disk_is_full(error: BaseException) -> bool:
    """Returns whether an error came about because there was no space left on a disk."""
    return any(
        (isinstance(seen, OSError) and seen.errno in _FULL)
        or any(text in str(seen) for text in _FULL_TEXTS)
        for seen in _chain(error)
    )


def file_is_too_large(error: BaseException) -> bool:
    """Returns whether an error came about because a file would be larger than is allowed."""
    return any(isinstance(seen, OSError) and seen.errno == errno.EFBIG for seen in _chain(error))


def cannot_be_used(error: OSError) -> str:
    """Returns the text for callers on a cache that cannot be used: why, but not where it is."""
    return f"the bundle cache cannot be used: {error.strerror or error}"


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__
