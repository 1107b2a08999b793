"""Goes back to a version that was promoted before."""

from ..base import options
from ..base.errors import UsageError
from ..base.options import Text
from ..base.settings import Settings
from ..terminal.console import Console
from ..tracking import statements
from ..tracking.audit.entry import checked_reason
from .mlflow_session import open_records
from .promote import shown


def run(console: Console, settings: Settings, *, to: Text = None, reason: Text = None) -> None:
    """Let the alias name a version that it has named before.

    Args:
        console: Where the change goes.
        settings: Where MLflow is, and the alias.
        to: Number of the version; by default that before the current one.
        reason: Why, for the history.
    """
    number = options.whole(options.given(to, "--to"), "--to", low=1)
    why = checked_reason(options.given(reason, "--reason") or "")
    if not why:
        raise UsageError('say why: housing-admin rollback --reason "prices are too high"')
    location, signing = settings.location, statements.of_settings(settings)
    nothing = f"{location.model_name} has no version yet; make one with: housing-admin seed"
    with open_records(console, settings, needed=nothing) as records:
        from ..tracking.promotion import rollback

        done = rollback(records, location, number, why, signing=signing)
    document = shown(console, location, done)
    console.show("To make the server take it: housing-admin reload")
    console.give(document)
