"""Says whether a version may be promoted."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base import options
from ..base.errors import GateError, UsageError
from ..base.options import Text
from ..base.settings import Settings
from ..gate import policy as policies
from ..gate.policy import Policy
from ..terminal.console import Console
from .backend import scheduler_of
from .mlflow_session import open_mlflow, open_records

if TYPE_CHECKING:
    from ..gate.evidence import Evidence

_COLUMNS = ("rule", "verdict", "found", "passes")


def run(
    console: Console,
    settings: Settings,
    *,
    version: str,
    data: Text = None,
    policy: Text = None,
    backend: Text = None,
    scheduler: Text = None,
) -> None:
    """Compare a version with the promoted one, and show what each rule says.

    Args:
        console: Where that goes.
        settings: Where MLflow is, and the alias.
        version: Number of the version.
        data: File to compare them on.
        policy: File of rules.
        backend: "local", or "dask" for a cluster.
        scheduler: Address of that cluster's scheduler.

    Raises:
        GateError: The version is refused.
    """
    number = options.whole(options.given(version, "VERSION"), "VERSION", low=1)
    if number is None:
        raise UsageError("say which version: housing-admin gate 2; see: housing-admin models")
    terms = terms_of(data, policy, backend, scheduler)
    name = settings.location.model_name
    nothing = f"{name} has no version yet; make one with: housing-admin seed"
    with open_records(console, settings, needed=nothing) as records:
        from ..tracking.records import find_version

        find_version(records.versions(name), settings.location, number)
    found = examine(console, settings, number, terms)
    console.give(document(found))
    if found.refused:
        raise GateError(refusal(found))


@dataclass(frozen=True, kw_only=True)
class Terms:
    """How a version is held against the promoted one.

    Attributes:
        data: File to compare the two on; None for what the version was trained on.
        rules: To go by.
        scheduler: Address of the Dask scheduler whose workers fit; None for this machine.
    """

    data: Path | None
    rules: Policy
    scheduler: str | None


def terms_of(data: Text, policy: Text, backend: Text, scheduler: Text) -> Terms:
    """Return what --data, --policy, --backend and --scheduler say.

    Raises:
        UsageError: They do not go together, or the rules cannot be read.
    """
    address = scheduler_of(backend, scheduler)
    file, rules_file = options.given(data, "--data"), options.given(policy, "--policy")
    rules = policies.load(Path(rules_file) if rules_file else None)
    return Terms(data=Path(file) if file else None, rules=rules, scheduler=address)


def examine(
    console: Console, settings: Settings, number: int, terms: Terms, *, keep: bool = True
) -> "Evidence":
    """Hold a version against the promoted one, and show what was found.

    Args:
        console: Where it is shown.
        settings: Where MLflow is, and the alias.
        number: Of the version.
        terms: How to hold it against that one.
        keep: Whether to keep it in MLflow, too.
    """
    with console.busy("Loading scikit-learn ..."):
        from ..gate import decision, kept
        from ..training import out_of_fold, out_of_fold_dask

        address = terms.scheduler
        fits = out_of_fold.in_threads if address is None else out_of_fold_dask.fits(address)
    with open_mlflow(console, settings) as client:
        with console.steps(decision.STEPS, f"version {number}") as step:
            found = decision.gate(
                client,
                settings,
                number,
                data=terms.data,
                rules=terms.rules,
                step=step,
                fits=fits,
            )
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
