"""Chooses the version to serve."""

from typing import TYPE_CHECKING, Any

from housing_grpc.registry.location import RegistryLocation

from ..base import options
from ..base.errors import ExportError, GateError, UsageError
from ..base.options import Text
from ..base.settings import Settings
from ..terminal.console import Console
from ..tracking import promotion, statements
from ..tracking.audit.entry import checked_reason
from . import evidence, gate, models, reload
from . import price_changes as shown_changes
from .evidence import Look
from .gate import Terms
from .mlflow_session import open_records

if TYPE_CHECKING:
    from ..tracking.audit.decision import Moved
    from ..tracking.promotion import Sides


def run(
    console: Console,
    settings: Settings,
    *,
    version: Text = None,
    listing: Text = None,
    reload_target: Text = None,
    tls: Text = None,
    reason: Text = None,
    force: Text = None,
    dry_run: Text = None,
    data: Text = None,
    policy: Text = None,
    backend: Text = None,
    scheduler: Text = None,
) -> None:
    """Let the alias name a version that keeps the rules, or list what could be promoted.

    Args:
        console: Where the change goes.
        settings: Where MLflow is, and the alias.
        version: Number of the version.
        listing: Whether to list the versions instead.
        reload_target: Server (host:port) that is to take it at once; "True" for the
            usual one, None for none.
        tls: Whether to encrypt the connection to that server.
        reason: Why, for the history.
        force: Whether to promote it even if it is refused.
        dry_run: Whether to change nothing, and to show how the prices would change.
        data: File to compare it with the promoted one on.
        policy: File of rules.
        backend: "local", or "dask" for a cluster, to compare them on.
        scheduler: Address of that cluster's scheduler.

    Raises:
        GateError: The version is refused.
    """
    if options.flag(listing, "--list"):
        models.run(console, settings)
        return
    number = options.whole(options.given(version, "--version"), "--version", low=1)
    if number is None:
        raise UsageError("say which version: housing-admin promote 2; see: housing-admin models")
    why, forced = _why(number, reason, force)
    terms = gate.terms_of(data, policy, backend, scheduler)
    dry = options.flag(dry_run, "--dry-run")
    signing = None if dry else statements.of_settings(settings)
    if reload_target is not None:
        _check_server(settings, number, reload_target, tls, dry=dry)
    sides, looked = _looked(console, settings, number, terms, keep=not dry)
    if dry:
        _tell(console, settings, sides, looked)
        return
    if looked.refused and not forced:
        console.give({"gate": looked.document})
        raise GateError(
            f"{looked.refused}; to promote it all the same: housing-admin promote {number} --force"
            " --reason WHY"
        )
    if looked.unusable:
        console.give({"gate": looked.document})
        raise GateError(f"{looked.refused}; nor by --force, as no server could use it")
    location = settings.location
    with open_records(console, settings) as records:
        done = promotion.promote(
            records, location, number, looked.decision(why), sides, signing=signing
        )
    try:
        document = shown(console, location, done) | {"gate": looked.document}
    finally:
        # Also where standard output does not take that, as the promotion is done.
        to, alias = reload_target, location.alias
        answer = to and reload.send(console, settings, alias=alias, target=to, tls=tls)
    if not answer:
        console.show("To make the server take it: housing-admin reload")
    console.give(document | ({"reload": answer} if answer else {}))


def shown(console: Console, location: RegistryLocation, done: "Moved") -> dict[str, Any]:
    """Show what became of the alias, and return that for JSON."""
    before = "none" if done.previous is None else str(done.previous)
    after = str(done.version)
    change = f"{after} already" if before == after else f"{before} -> {after}"
    console.show(f"{location.alias} of {location.model_name}: {change}")
    if done.unsigned:
        console.say(
            "warning: the version before had a signed statement, and this one has none: servers"
            " with BUNDLE_PUBLIC_KEY_FILE do not follow; set BUNDLE_SIGNING_KEY_FILE and promote"
            f" {after} again"
        )
    return {
        "alias": location.alias,
        "previous_version": models.text(done.previous),
        "version": models.text(done.version),
    }


def _why(number: int, reason: Text, force: Text) -> tuple[str, bool]:
    why = checked_reason(options.given(reason, "--reason") or "")
    forced = options.flag(force, "--force")
    if forced and not why:
        raise UsageError(
            f'say why: housing-admin promote {number} --force --reason "the prices of one town"'
        )
    return why, forced


def _check_server(settings: Settings, number: int, target: str, tls: Text, *, dry: bool) -> None:
    if dry:
        raise UsageError(
            "give --dry-run or --reload, not both; to ask a server: housing-admin reload"
            f" --version {number} --dry-run"
        )
    reload.check(settings, target, tls)


def _looked(
    console: Console, settings: Settings, number: int, terms: Terms, *, keep: bool
) -> "tuple[Sides, Look]":
    """Return what a promotion is about, and what a gate says of it, or has said."""
    name = settings.location.model_name
    nothing = f"{name} has no version yet; make one with: housing-admin seed"
    with open_records(console, settings, needed=nothing) as records:
        sides = promotion.sides(records, settings.location, number)
        known = evidence.known(records, sides, terms)
    return sides, known or evidence.look(console, settings, sides, terms, keep=keep)


def _tell(console: Console, settings: Settings, sides: "Sides", looked: Look) -> None:
    """Say what a promotion would do.

    Raises:
        GateError: Nothing, as the version is refused.
    """
    old, new = sides.champion, sides.candidate.number
    changes = None
    if old is not None:
        from ..jobs.price_changes import document, price_changes

        try:
            found = price_changes(settings, old.number, new)
        except ExportError as error:
            console.show(f"No prices: {error}.")
        else:
            if found is not None:
                shown_changes.show(console, found, (old.number, new))
                changes = document(found)
    would = "refused" if looked.refused else "promoted"
    console.show(f"Nothing was changed; version {new} would be {would}.")
    console.give({"gate": looked.document, "prices": changes})
    if looked.refused:
        raise GateError(looked.refused)
