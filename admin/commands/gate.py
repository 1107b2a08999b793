"""Says whether a version may be promoted."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base import options
from ..base.errors import GateError, UsageError
from ..base.options import Text
from ..base.settings import Settings
from ..gate import policy as policies
from ..gate.policy import Policy
from ..terminal.console import Console
from .mlflow_session import open_mlflow, open_records

if TYPE_CHECKING:
    from ..gate.evidence import Evidence

_COLUMNS = ("rule", "verdict", "found", "passes")


def run(
    console: Console, settings: Settings, *, version: str, data: Text = None, policy: Text = None
) -> None:
    """Compare a version with the promoted one, and show what each rule says.

    Args:
        console: Where that goes.
        settings: Where MLflow is, and the alias.
        version: Number of the version.
        data: File to compare them on.
        policy: File of rules.

    Raises:
        GateError: The version is refused.
    """
    number = options.whole(options.given(version, "VERSION"), "VERSION", low=1)
    if number is None:
        raise UsageError("say which version: housing-admin gate 2; see: housing-admin models")
    file, rules = data_and_rules(data, policy)
    name = settings.location.model_name
    nothing = f"{name} has no version yet; make one with: housing-admin seed"
    with open_records(console, settings, needed=nothing) as records:
        from ..tracking.records import find_version

        find_version(records.versions(name), settings.location, number)
    found = examine(console, settings, number, file, rules)
    console.give(document(found))
    if found.refused:
        raise GateError(refusal(found))


def data_and_rules(data: Text, policy: Text) -> tuple[Path | None, Policy]:
    """Return what --data and --policy name."""
    file, rules_file = options.given(data, "--data"), options.given(policy, "--policy")
    rules = policies.load(Path(rules_file) if rules_file else None)
    return (Path(file) if file else None), rules


def examine(
    console: Console,
    settings: Settings,
    number: int,
    data: Path | None,
    rules: Policy,
    *,
    keep: bool = True,
) -> "Evidence":
    """Hold a version against the promoted one, and show what was found.

    Args:
        console: Where it is shown.
        settings: Where MLflow is, and the alias.
        number: Of the version.
        data: File to compare the two on; None for what the version was trained on.
        rules: To go by.
        keep: Whether to keep it in MLflow, too.
    """
    with console.busy("Loading scikit-learn ..."):
        from ..gate import decision, kept

    with open_mlflow(console, settings) as client:
        with console.steps(decision.STEPS, f"version {number}") as step:
            found = decision.gate(client, settings, number, data=data, rules=rules, step=step)
        missing = kept.keep(client, settings.location, found) if keep else ""
    if missing:
        console.say(f"The evidence is kept in short, as a tag of the version: {missing}.")
    _show(console, found)
    return found


def document(found: "Evidence") -> dict[str, Any]:
    """Return what was found, for JSON."""
    return {**found.document, "evidence_digest": found.digest}


def refusal(found: "Evidence") -> str:
    """Return what to say of a version that is refused."""
    rules = [each.rule for each in found.findings if each.remedy]
    return f"version {found.version} is refused: {', '.join(rules)}; see what was found above"


def _show(console: Console, found: "Evidence") -> None:
    against = "no version is promoted" if found.against is None else f"against {found.against}"
    rows = [
        (each.rule, each.verdict.replace("_", " "), each.found, each.limit)
        for each in found.findings
    ]
    console.table(_COLUMNS, rows, title=f"Version {found.version}, {against}")
    for each in found.findings:
        if each.remedy:
            console.show(f"To make {each.rule} pass: {each.remedy}.")
    refused = " and refused" if found.refused else ""
    console.show(f"Version {found.version}: {found.verdict}{refused}, evidence {found.digest[:12]}")
