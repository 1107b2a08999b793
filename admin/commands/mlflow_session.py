"""Opens MLflow for a command."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..base.errors import RegistryError
from ..base.settings import Settings
from ..terminal.console import Console
from ..tracking import embedded_store

if TYPE_CHECKING:
    from mlflow import MlflowClient


@contextmanager
def open_mlflow(
    console: Console, settings: Settings, *, needed: str = ""
) -> "Iterator[MlflowClient]":
    """Open MLflow for a `with` block.

    Args:
        console: Shows that the embedded MLflow is set up first, if it is.
        settings: Where MLflow is.
        needed: What to say where MLflow is not even set up yet, if that is of no use; it is
            said at once, for MLflow takes seconds to load.

    Raises:
        RegistryError: MLflow does not answer, or refuses.
    """
    if needed and not embedded_store.is_set_up(settings):
        raise RegistryError(needed)
    with console.busy("Loading MLflow ..."):
        from ..tracking.client import connect
    with connect(settings, console.say) as client:
        yield client
