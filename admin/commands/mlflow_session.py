"""Opens MLflow, or what it keeps, for a command."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from ..base.errors import RegistryError
from ..base.settings import Settings
from ..terminal.console import Console
from ..tracking import embedded_store

if TYPE_CHECKING:
    from ..tracking.mlflow_client import Client
    from ..tracking.records import Records


@contextmanager
def open_mlflow(console: Console, settings: Settings, *, needed: str = "") -> "Iterator[Client]":
    """Open MLflow for a `with` block.

    Args:
        console: Shows that the embedded MLflow is set up first, if it is.
        settings: Where MLflow is.
        needed: What to say where MLflow is not even set up yet, if that is of no use; it is
            said at once, for MLflow takes seconds to load.

    Raises:
        RegistryError: MLflow does not answer, or refuses.
    """
    _check_set_up(settings, needed)
    with console.busy("Loading MLflow ..."):
        try:
            from ..tracking.connection import connect
        except ValueError as error:
            # Of a variable of MLflow's own; the text names it.
            raise RegistryError(f"MLflow cannot be loaded: {error}") from error
    with connect(settings, console.say) as client:
        yield client


@contextmanager
def open_records(console: Console, settings: Settings, *, needed: str = "") -> "Iterator[Records]":
    """Open what MLflow keeps for a `with` block, mostly without MLflow, which takes seconds.

    Args:
        console: Shows that MLflow is loaded, if it is.
        settings: Where MLflow is.
        needed: As for `open_mlflow`.

    Raises:
        RegistryError: MLflow does not answer, or refuses.
    """
    _check_set_up(settings, needed)
    from ..tracking import opening

    with ExitStack() as stack:

        def mlflow() -> "Client":
            return stack.enter_context(open_mlflow(console, settings))

        yield stack.enter_context(opening.opened(settings, console.say, mlflow))


def _check_set_up(settings: Settings, needed: str) -> None:
    if needed and not embedded_store.is_set_up(settings):
        raise RegistryError(needed)
