"""Opens MLflow for a command."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..base.settings import Settings
from ..terminal.console import Console

if TYPE_CHECKING:
    from mlflow import MlflowClient


@contextmanager
def open_mlflow(console: Console, settings: Settings) -> "Iterator[MlflowClient]":
    """Open MLflow for a `with` block.

    Args:
        console: Shows that the embedded MLflow is set up first, if it is.
        settings: Where MLflow is.

    Raises:
        RegistryError: MLflow does not answer, or refuses.
    """
    with console.busy("Loading MLflow ..."):
        from ..tracking.client import connect
    with connect(settings, console.say) as client:
        yield client
