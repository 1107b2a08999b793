"""The ways to fill missing values: one file each, found by its name.

A new way is a new file here that defines `STRATEGY`; nothing else lists them.
"""

from ..base import discovery
from ..strategies.strategy import PreprocessingStrategy


def names() -> tuple[str, ...]:
    """Return the names of all preprocessings, sorted; none is imported."""
    return discovery.names(__path__)


def require(name: str) -> None:
    """Refuse the name of a preprocessing that there is not; none is imported.

    Raises:
        UsageError: There is no such preprocessing.
    """
    discovery.require(__name__, __path__, name)


def get(name: str) -> PreprocessingStrategy:
    """Import and return a preprocessing's strategy.

    Raises:
        UsageError: There is no such preprocessing.
    """
    return discovery.load(__name__, __path__, name, PreprocessingStrategy)
