"""Holds a version against the one that is promoted, and says what was found."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..base.errors import ExportError
from ..base.settings import Settings
from ..data import dataset
from ..data.dataset import Dataset
from ..export.measured import Measured, measure
from ..tracking.bundle_folder import download
from ..tracking.mlflow_client import Client
from ..tracking.records import Version, find_version
from ..tracking.training_command import data_file
from ..training import out_of_fold
from ..training.out_of_fold import Fits
from ..training.recipe_of_bundle import UnknownRecipeError, accepted, recipe_of
from ..training.spec import TrainingSpec
from . import bundle_rules, comparison, fresh_rule, policy, recipe_rules
from .evidence import Evidence, Finding, Inputs
from .fresh_rule import Fresh
from .policy import Policy

STEPS = 2 + comparison.STEPS
"""How many steps `gate` announces, at most."""

Step = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Houses:
    """What recipes are compared on, and the file that it is in."""

    file: Path
    dataset: Dataset


def gate(
    client: Client,
    settings: Settings,
    number: int,
    *,
    data: Path | None = None,
    rules: Policy | None = None,
    step: Step = lambda _: None,
    fits: Fits = out_of_fold.in_threads,
) -> Evidence:
    """Hold a version against the one that the alias names. Nothing is changed.

    Args:
        client: MLflow.
        settings: Names the registered model and the alias.
        number: Of the version.
        data: File to compare recipes on; None for what the version was trained on.
        rules: To go by; None for the shipped ones.
        step: Called with what begins.
        fits: Where recipes are fitted.

    Raises:
        RegistryError: There is no such version, or MLflow does not answer.
        DataError: The data cannot be used.
    """
    rules = rules or policy.load()
    location = settings.location
    found = client.versions(location.model_name)
    version = find_version(found, location, number)
    promoted = next((each for each in found if location.alias in each.aliases), None)
    fresh = fresh_rule.find(client, version)
    step("candidate: fetch and try")
    try:
        bundle = _measured(settings, version, fresh)
    except ExportError as error:
        return _evidence(version, promoted, rules, (bundle_rules.unusable(str(error)),))
    if promoted is None:
        return _evidence(version, None, rules, _of_bundle(bundle, None, rules))
    step("champion: fetch and try")
    try:
        champion = _measured(settings, promoted, fresh)
    except ExportError as error:
        said = _of_bundle(bundle, None, rules)
        undecided = recipe_rules.undecided(
            f"champion, version {promoted.number}: {error}",
            "go back to one that can be used, with `rollback --to N`, or use `promote --force`",
        )
        return _evidence(version, promoted, rules, (*said, undecided))
    said = (
        *_of_bundle(bundle, champion, rules),
        bundle_rules.speed(bundle, rules),
        *fresh_rule.findings(fresh, bundle, champion, rules),
    )
    try:
        houses = _houses(client, bundle, data)
    except UnknownRecipeError as error:
        undecided = recipe_rules.undecided(f"candidate: {error}")
        return _evidence(version, promoted, rules, (*said, undecided))
    compared = _compared((bundle, champion), houses, rules, step, fits)
    return _evidence(version, promoted, rules, (*said, *compared), data=houses.dataset.digest)


def _of_bundle(bundle: Measured, champion: Measured | None, rules: Policy) -> tuple[Finding, ...]:
    return (
        bundle_rules.exactness(bundle),
        bundle_rules.schema(bundle, champion),
        bundle_rules.size(bundle, rules),
    )


def _compared(
    sides: tuple[Measured, Measured], houses: _Houses, rules: Policy, step: Step, fits: Fits
) -> tuple[Finding, ...]:
    try:
        ours, theirs = (
            _recipe(name, bundle, houses)
            for name, bundle in zip(("candidate", "champion"), sides, strict=True)
        )
    except UnknownRecipeError as error:
        return (recipe_rules.undecided(str(error)),)
    compared = comparison.compare(ours, theirs, houses.dataset, rules, step, fits=fits)
    return recipe_rules.findings(compared, rules, has_intervals=sides[0].has_intervals)


def _recipe(name: str, bundle: Measured, houses: _Houses) -> TrainingSpec:
    try:
        return recipe_of(bundle.params, houses.file)
    except UnknownRecipeError as error:
        raise UnknownRecipeError(f"{name}: {error}") from error


def _houses(client: Client, bundle: Measured, data: Path | None) -> _Houses:
    """Return the data.

    Raises:
        UnknownRecipeError: It is not here, or nobody knows which of its columns to accept.
    """
    accept = accepted(bundle.params)
    if data is not None:
        return _Houses(file=data, dataset=dataset.load(data, accept=accept))
    run = client.run(bundle.run_id) if bundle.run_id else None
    file = data_file(bundle.data_digest, run.tags if run else {})
    if file is None:
        raise UnknownRecipeError(f"its data (SHA-256 {bundle.data_digest[:12]}...) is not here")
    loaded = dataset.load(file, target_unit=bundle.unit, accept=accept)
    return _Houses(file=file, dataset=loaded)


def _measured(settings: Settings, version: Version, fresh: Fresh | None) -> Measured:
    with tempfile.TemporaryDirectory(prefix="housing-gate-") as scratch:
        return measure(
            download(settings, version.number, Path(scratch)),
            fresh.rows if fresh else fresh_rule.NO_ROWS,
        )


def _evidence(
    version: Version,
    promoted: Version | None,
    rules: Policy,
    findings: tuple[Finding, ...],
    data: str = "",
) -> Evidence:
    return Evidence(
        version=version.number,
        against=promoted.number if promoted else None,
        inputs=Inputs(
            candidate=version.digest,
            champion=promoted.digest if promoted else "",
            data=data,
            policy=rules.digest,
        ),
        findings=findings,
        rules=rules,
    )
