"""What a promotion rests on: what a gate says of it, or has said before."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base.errors import RegistryError
from ..base.settings import Settings
from ..gate import kept
from ..gate.evidence import Inputs, Verdict
from ..terminal.console import Console
from ..tracking.audit.decision import Decision
from ..tracking.audit.entry import FORCE, PROMOTE
from ..tracking.training_command import sha256_of
from . import gate
from .gate import Terms

if TYPE_CHECKING:
    from ..tracking.promotion import Sides
    from ..tracking.records import Records


@dataclass(frozen=True, kw_only=True)
class Look:
    """What a gate has said, now or before; where it is not asked, nothing.

    Attributes:
        verdict: Of all rules together.
        digest: Of the evidence.
        refused: What to say of a version that is refused, or "".
        unusable: Whether no server could use it, so that it cannot be forced either.
    """

    verdict: Verdict = Verdict.NOT_ASKED
    digest: str = ""
    refused: str = ""
    unusable: bool = False

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


def known(records: "Records", sides: "Sides", terms: Terms) -> Look | None:
    """Return what is known without a look: of the same bundle, or from the same evidence.

    Args:
        records: Of the registered model.
        sides: The two versions.
        terms: How to hold them against each other.
    """
    candidate, champion = sides.digests
    if candidate == champion:
        return Look()
    if sides.champion and not champion:  # What was found without a champion says nothing of one.
        return None
    found = kept.read(sides.candidate)
    if found is None or terms.rules.refuses(found.verdict):
        return None
    wanted = Inputs(
        candidate=candidate,
        champion=champion,
        data=_data_digest(records, sides, terms.data) if champion else "",
        policy=terms.rules.digest,
    )
    return Look(verdict=found.verdict, digest=found.digest) if found.inputs == wanted else None


def look(console: Console, settings: Settings, sides: "Sides", terms: Terms, *, keep: bool) -> Look:
    """Return what a gate says now, which it shows.

    Args:
        console: Where that goes.
        settings: Where MLflow is, and the alias.
        sides: What a promotion is about.
        terms: How to hold the candidate against the promoted one.
        keep: Whether the next promotion can rest on it.

    Raises:
        RegistryError: The gate has found other bundles than these.
    """
    number = sides.candidate.number
    found = gate.examine(console, settings, number, terms, keep=keep)
    # The alias may have been moved, and moved back, while the gate was at work.
    if (found.inputs.candidate, found.inputs.champion) != sides.digests:
        raise RegistryError(
            f"version {number} or what {settings.location.alias} names was changed meanwhile;"
            " try again"
        )
    refused = gate.refusal(found) if found.refused else ""
    return Look(
        verdict=found.verdict, digest=found.digest, refused=refused, unusable=found.unusable
    )


def _data_digest(records: "Records", sides: "Sides", data: Path | None) -> str:
    """Return the digest of what the two are to be compared on, or "" if it is not known."""
    if data is not None:
        return sha256_of(data) or ""
    run = records.run(sides.candidate.run_id) if sides.candidate.run_id else None
    return run.tags.get("data_digest", "") if run else ""
