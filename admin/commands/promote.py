"""Chooses the version to serve."""

from typing import TYPE_CHECKING, Any

from housing_grpc.registry.location import RegistryLocation

from ..base import options
from ..base.errors import UsageError
from ..base.options import Text
from ..base.settings import Settings
from ..terminal.console import Console
from ..tracking.audit.entry import checked_reason
from . import models, reload
from .mlflow_session import open_records

if TYPE_CHECKING:
    from ..tracking.audit.decision import Moved


def run(
    console: Console,
    settings: Settings,
    *,
    version: Text = None,
    listing: Text = None,
    reload_target: Text = None,
    tls: Text = None,
    reason: Text = None,
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
        reason: Why, for the history.
    """
    if options.flag(listing, "--list"):
        models.run(console, settings)
        return
    number = options.whole(options.given(version, "--version"), "--version", low=1)
    if number is None:
        raise UsageError("say which version: housing-admin promote 2; see: housing-admin models")
    why = checked_reason(options.given(reason, "--reason") or "")
    if reload_target is not None:
        reload.check(settings, reload_target, tls)
    location = settings.location
    nothing = f"{location.model_name} has no version yet; make one with: housing-admin seed"
    with open_records(console, settings, needed=nothing) as records:
        from ..tracking.audit.decision import Decision
        from ..tracking.promotion import promote

        done = promote(records, location, number, Decision(reason=why))
    try:
        document = shown(console, location, done)
    finally:
        # Also where standard output does not take that, as the promotion is done.
        to, alias = reload_target, location.alias
        answer = to and reload.send(console, settings, alias=alias, target=to, tls=tls)
    if not answer:
        console.show("To make the server take it: housing-admin reload")
        console.give(document)
        return
    console.give(document | {"reload": answer})


def shown(console: Console, location: RegistryLocation, done: "Moved") -> dict[str, Any]:
    """Show what became of the alias, and return that for JSON."""
    before = "none" if done.previous is None else str(done.previous)
    after = str(done.version)
    change = f"{after} already" if before == after else f"{before} -> {after}"
    console.show(f"{location.alias} of {location.model_name}: {change}")
    return {
        "alias": location.alias,
        "previous_version": models.text(done.previous),
        "version": models.text(done.version),
    }
