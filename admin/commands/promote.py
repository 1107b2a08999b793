"""Chooses the version to serve."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from housing_grpc.registry.location import RegistryLocation

from ..base import options
from ..base.errors import GateError, UsageError
from ..base.options import Text
from ..base.settings import Settings
from ..gate import kept
from ..gate.evidence import Inputs, Verdict
from ..gate.policy import Policy
from ..terminal.console import Console
from ..tracking.audit.decision import Decision
from ..tracking.audit.entry import FORCE, PROMOTE, checked_reason
from ..tracking.training_command import sha256_of
from . import gate, models, reload
from .mlflow_session import open_records

if TYPE_CHECKING:
    from ..tracking.audit.decision import Moved
    from ..tracking.promotion import Sides
    from ..tracking.records import Records


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
    data: Text = None,
    policy: Text = None,
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
        data: File to compare it with the promoted one on.
        policy: File of rules.

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
    file, rules = gate.data_and_rules(data, policy)
    if reload_target is not None:
        reload.check(settings, reload_target, tls)
    location = settings.location
    nothing = f"{location.model_name} has no version yet; make one with: housing-admin seed"
    with open_records(console, settings, needed=nothing) as records:
        from ..tracking import promotion

        sides = promotion.sides(records, location, number)
        known = _known(records, sides, file, rules)
    looked = known or _look(console, settings, number, file, rules)
    if looked.refused and not forced:
        console.give({"gate": looked.document})
        raise GateError(
            f"{looked.refused}; to promote it all the same: housing-admin promote {number} --force"
            " --reason WHY"
        )
    with open_records(console, settings) as records:
        done = promotion.promote(records, location, number, looked.decision(why), sides)
    try:
        document = shown(console, location, done) | {"gate": looked.document}
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


@dataclass(frozen=True, kw_only=True)
class _Look:
    """What a gate has said, now or before; where it is not asked, nothing.

    Attributes:
        verdict: Of all rules together.
        digest: Of the evidence.
        refused: What to say of a version that is refused, or "".
    """

    verdict: Verdict = Verdict.NOT_ASKED
    digest: str = ""
    refused: str = ""

    @property
    def document(self) -> dict[str, Any]:
        """All of it, as JSON has it."""
        return {
            "verdict": str(self.verdict),
            "refused": bool(self.refused),
            "evidence_digest": self.digest or None,
        }

    def decision(self, reason: str) -> Decision:
        """Return what the history is to say of the promotion."""
        action = FORCE if self.refused else PROMOTE
        return Decision(action=action, reason=reason, evidence_digest=self.digest)


def _why(number: int, reason: Text, force: Text) -> tuple[str, bool]:
    why = checked_reason(options.given(reason, "--reason") or "")
    forced = options.flag(force, "--force")
    if forced and not why:
        raise UsageError(
            f'say why: housing-admin promote {number} --force --reason "the prices of one town"'
        )
    return why, forced


def _known(records: "Records", sides: "Sides", data: Path | None, rules: Policy) -> _Look | None:
    """Return what is known without a look: of the same bundle, or from the same evidence."""
    candidate, champion = sides.digests
    if candidate == champion:
        return _Look()
    if sides.champion and not champion:  # What was found without a champion says nothing of one.
        return None
    found = kept.read(sides.candidate)
    if found is None or rules.refuses(found.verdict):
        return None
    wanted = Inputs(
        candidate=candidate,
        champion=champion,
        data=_data_digest(records, sides, data) if champion else "",
        policy=rules.digest,
    )
    return _Look(verdict=found.verdict, digest=found.digest) if found.inputs == wanted else None


def _data_digest(records: "Records", sides: "Sides", data: Path | None) -> str:
    """Return the digest of what the two are to be compared on, or "" if it is not known."""
    if data is not None:
        return sha256_of(data) or ""
    run = records.run(sides.candidate.run_id) if sides.candidate.run_id else None
    return run.tags.get("data_digest", "") if run else ""


def _look(
    console: Console, settings: Settings, number: int, data: Path | None, rules: Policy
) -> _Look:
    found = gate.examine(console, settings, number, data, rules)
    refused = gate.refusal(found) if found.refused else ""
    return _Look(verdict=found.verdict, digest=found.digest, refused=refused)
