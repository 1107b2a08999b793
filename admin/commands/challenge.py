"""Chooses the version that servers compare with the one that is promoted."""

from typing import Any

from ..base import options
from ..base.errors import UsageError
from ..base.options import Text
from ..base.settings import Settings
from ..terminal.console import Console
from ..tracking import statements
from ..tracking.audit.entry import checked_reason
from . import models
from .mlflow_session import open_records


def run(
    console: Console,
    settings: Settings,
    *,
    version: Text = None,
    shadow: Text = None,
    share: Text = None,
    stop: Text = None,
    reason: Text = None,
) -> None:
    """Let servers compare a version with the one that is promoted, or nothing any more.

    Args:
        console: Where the change goes.
        settings: Where MLflow is, and the alias.
        version: Number of the version.
        shadow: Share of houses that it prices besides, unseen by callers.
        share: Share of calls that it answers.
        stop: Whether nothing is to be compared any more.
        reason: Why, for the history.
    """
    number = options.whole(options.given(version, "--version"), "--version", low=1)
    why = checked_reason(options.given(reason, "--reason") or "")
    if options.flag(stop, "--stop"):
        if (number, shadow, share) != (None, None, None):
            raise UsageError("give --stop, or a version with its shares, not both")
        _stop(console, settings, why)
        return
    if number is None:
        raise UsageError("say which version: housing-admin challenge 3; or end it with --stop")
    shares = _share(shadow, "--shadow", 1.0), _share(share, "--share", 0.0)
    if not any(shares):
        raise UsageError("--shadow or --share has to be above 0; to end it, give --stop")
    console.give(begin(console, settings, number, shadow=shares[0], share=shares[1], reason=why))


def begin(
    console: Console,
    settings: Settings,
    number: int,
    *,
    shadow: float = 1.0,
    share: float = 0.0,
    reason: str = "",
) -> dict[str, Any]:
    """Let servers compare a version with the one that is promoted.

    Args:
        console: Where the change goes.
        settings: Where MLflow is, and the alias.
        number: Of the version.
        shadow: Share of houses that it prices besides, unseen by callers.
        share: Share of calls that it answers.
        reason: Why, for the history.

    Returns:
        What was done, for `--json`.
    """
    signing = statements.of_settings(settings)
    with open_records(console, settings, needed=_none(settings)) as records:
        from ..tracking import challenge

        done = challenge.challenge(
            records,
            settings.location,
            number,
            shadow=shadow,
            share=share,
            reason=reason,
            signing=signing,
        )
    if done.previous not in (None, number):
        console.show(f"version {done.previous} challenges no more")
    _show(console, number, shadow, share)
    return {
        "version": str(number),
        "previous_version": models.text(done.previous),
        "shadow": shadow,
        "share": share,
    }


def _stop(console: Console, settings: Settings, reason: str) -> None:
    with open_records(console, settings, needed=_none(settings)) as records:
        from ..tracking import challenge

        stopped = challenge.stop(records, settings.location, reason)
    console.show(f"version {stopped} is compared no more")
    console.give({"version": None, "previous_version": str(stopped)})


def _none(settings: Settings) -> str:
    name = settings.location.model_name
    return f"{name} has no version yet; make one with: housing-admin seed"


def _show(console: Console, number: int, shadow: float, share: float) -> None:
    unseen = f"prices {shadow:.0%} of the houses unseen" if shadow else "prices no houses unseen"
    calls = f"answers {share:.3g} of the calls" if share else "answers no call"
    console.show(f"version {number} challenges: it {unseen}, and {calls}")
    console.show(
        "Servers take it with their next look (MODEL_POLL_SECONDS), or at: housing-admin reload"
    )
    console.show("How it does: housing-admin verdict")


def _share(text: Text, name: str, usual: float) -> float:
    given = options.given(text, name)
    if given is None:
        return usual
    number = options.number_in(given)
    if number is None or not 0 <= number <= 1:
        raise UsageError(f"{name} is {given!r}, but has to be a number from 0 to 1")
    return round(number, 9)
