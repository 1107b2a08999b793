"""Chooses the version to serve."""

from ..base import options
from ..base.errors import UsageError
from ..base.options import Text
from ..base.settings import Settings
from ..terminal.console import Console
from . import models, reload
from .mlflow_session import open_records


def run(
    console: Console,
    settings: Settings,
    *,
    version: Text = None,
    listing: Text = None,
    reload_target: Text = None,
    tls: Text = None,
) -> None:
    """Let the alias name a version, or list what could be promoted.

    Args:
        console: Where the change goes.
        settings: Where MLflow is, and the alias.
        version: Number of the version.
        listing: Whether to list the versions instead.
        reload_target: Server (host:port) that is to take it at once; "True" for the
            usual one, None for none.
        tls: Whether to encrypt the connection to that server.
    """
    if options.flag(listing, "--list"):
        models.run(console, settings)
        return
    number = options.whole(options.given(version, "--version"), "--version", low=1)
    if number is None:
        raise UsageError("say which version: housing-admin promote 2; see: housing-admin models")
    if reload_target is not None:
        reload.check(settings, reload_target, tls)
    location = settings.location
    nothing = f"{location.model_name} has no version yet; make one with: housing-admin seed"
    with open_records(console, settings, needed=nothing) as records:
        from ..tracking.promotion import promote

        done = promote(records, location, number)
    before = "none" if done.previous is None else str(done.previous)
    change = f"{number} already" if before == str(number) else f"{before} -> {number}"
    console.show(f"{location.alias} of {location.model_name}: {change}")
    document = {
        "alias": location.alias,
        "previous_version": models.text(done.previous),
        "version": models.text(done.version),
    }
    if reload_target is None:
        console.show("To make the server take it: housing-admin reload")
        console.give(document)
        return
    answer = reload.send(console, settings, alias=location.alias, target=reload_target, tls=tls)
    console.give(document | {"reload": answer})
