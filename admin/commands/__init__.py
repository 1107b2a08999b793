"""The commands of the CLI: one module each, imported only when it is wanted.

A module offers `run(console, settings, **options)`; it takes flags as the texts that they
are, and imports what is slow only once it has checked them. `mlflow_session`, which is no command,
opens MLflow for those that need it.
"""

import importlib
from typing import Any

from ..base.settings import Settings
from ..terminal.console import Console


def run(name: str, console: Console, settings: Settings, **options: Any) -> None:
    """Run a command by its name.

    Args:
        name: Of its module.
        console: Where its words go.
        settings: From the environment.
        **options: Its flags.

    Raises:
        AdminError: Something that a person can put right.
    """
    importlib.import_module(f"{__name__}.{name}").run(console, settings, **options)
