"""What a gate has found: each rule with its verdict, and all that it was found from."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .policy import Policy

EXACTNESS = "exactness"
"""The rule that fails only where no server can use the bundle."""


class Verdict(StrEnum):
    """What a rule says, or all of them together."""

    PASS = "PASS"  # noqa: S105 (no password)
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"
    NOT_ASKED = "NOT_ASKED"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one rule says.

    Attributes:
        rule: Its name.
        verdict: What it says.
        found: What was measured, in words.
        limit: What passes, in words.
        remedy: What would make it pass; "" where it does, or was not asked.
        figures: What was measured, by name.
    """

    rule: str
    verdict: Verdict
    found: str
    limit: str
    remedy: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """Digests of all that decides what a gate finds; the same inputs need no second look.

    Attributes:
        candidate: Of the bundle that is to be promoted.
        champion: Of the bundle that is promoted, or "" for none.
        data: Of the file that both were compared on, or "" where they were not.
        policy: Of the rules.
    """

    candidate: str
    champion: str
    data: str
    policy: str


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a gate has found.

    Attributes:
        version: That is to be promoted.
        against: The version that is, or None.
        inputs: What it was found from.
        findings: One for each rule.
        rules: That it was held against.
    """

    version: int
    against: int | None
    inputs: Inputs
    findings: tuple[Finding, ...]
    rules: "Policy"

    @property
    def verdict(self) -> Verdict:
        """FAIL if one rule fails, else INCONCLUSIVE if one is, else PASS."""
        said = {finding.verdict for finding in self.findings}
        worst = (Verdict.FAIL, Verdict.INCONCLUSIVE)
        return next((verdict for verdict in worst if verdict in said), Verdict.PASS)

    @property
    def refused(self) -> bool:
        """Whether the version is not to be promoted."""
        return self.rules.refuses(self.verdict)

    @property
    def unusable(self) -> bool:
        """Whether no server could use its bundle."""
        failed = {each.rule for each in self.findings if each.verdict is Verdict.FAIL}
        return EXACTNESS in failed

    @property
    def document(self) -> dict[str, Any]:
        """All of it, as JSON has it."""
        return {
            "version": str(self.version),
            "against": None if self.against is None else str(self.against),
            "verdict": str(self.verdict),
            "refused": self.refused,
            "inputs": asdict(self.inputs),
            "rules": [
                {**asdict(finding), "verdict": str(finding.verdict)} for finding in self.findings
            ],
        }

    @property
    def digest(self) -> str:
        """SHA-256 of the document, in hexadecimal."""
        text = json.dumps(self.document, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()
