"""The types of models: one file each, found by its name.

A new model is a new file here that defines `STRATEGY`; nothing else lists them.
"""

from ..base import discovery
from ..strategies.strategy import ModelStrategy


def names() -> tuple[str, ...]:
    """Return the names of all models, sorted; none is imported."""
    return discovery.names(__path__)


def require(name: str) -> None:
    """Refuse the name of a model that there is not; none is imported.

    Raises:
        UsageError: There is no such model.
    """
    discovery.require(__name__, __path__, name)


def get(name: str) -> ModelStrategy:
    """Import and return a model's strategy.

    Raises:
        UsageError: There is no such model, or its library is not installed.
    """
    return discovery.load(__name__, __path__, name, ModelStrategy)
