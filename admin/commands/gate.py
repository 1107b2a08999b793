"""Says whether a version may be promoted."""

from pathlib import Path
from typing import TYPE_CHECKING

from ..base import options
from ..base.errors import GateError, UsageError
from ..base.options import Text
from ..base.settings import Settings
from ..terminal.console import Console
from .mlflow_session import open_mlflow, open_records

if TYPE_CHECKING:
    from ..gate import Evidence

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
    file, rules_file = options.given(data, "--data"), options.given(policy, "--policy")
    name = settings.location.model_name
    nothing = f"{name} has no version yet; make one with: housing-admin seed"
    with open_records(console, settings, needed=nothing) as records:
        from ..tracking.records import find_version

        find_version(records.versions(name), settings.location, number)
    with console.busy("Loading scikit-learn ..."):
        from .. import gate
        from ..gate import policy as policies

        rules = policies.load(Path(rules_file) if rules_file else None)
    with (
        open_mlflow(console, settings) as client,
        console.steps(gate.STEPS, f"version {number}") as step,
    ):
        found = gate.gate(
            client, settings, number, data=Path(file) if file else None, rules=rules, step=step
        )
    _show(console, found)
    console.give({**found.document, "evidence_digest": found.digest})
    if found.refused:
        raise GateError(_refusal(found))


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


def _refusal(found: "Evidence") -> str:
    rules = [each.rule for each in found.findings if each.remedy]
    return f"version {found.version} is refused: {', '.join(rules)}; see what was found above"
