"""Makes a registered version whose bundle has an older format one of the newest."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from housing_grpc.bundle.schema import FEATURE_NAMES
from housing_grpc.registry.location import DIGEST_TAG

from ..base.settings import Settings
from ..tracking import origin, run_log
from ..tracking.bundle_folder import download
from ..tracking.connection import experiment_id
from ..tracking.mlflow_client import Client
from ..tracking.pyfunc_logging import log_model
from ..tracking.records import find_version
from ..tracking.registry import register
from ..tracking.tags import DATA_FILE_TAG, UPGRADED_TAG
from .repeated_training import STEPS
from .run_plots import log_honest_plots
from .upgraded_bundle import Making, UpgradedBundle

__all__ = ["STEPS", "Upgraded", "upgrade_version"]


@dataclass(frozen=True, kw_only=True)
class Upgraded:
    """A version that was made of another one.

    Attributes:
        version: Its number.
        run_id: The run that it is of.
        digest: Of its bundle.
        missing: Why its bundle does not say how sure prices are, and what to do; "" if it does.
    """

    version: int
    run_id: str
    digest: str
    missing: str


def upgrade_version(
    client: Client,
    settings: Settings,
    number: int,
    *,
    data: Path | None = None,
    step: Callable[[str], None] = lambda _: None,
) -> Upgraded:
    """Register a version anew, with the same model in a bundle of the newest format.

    Where the training data is at hand, the training is repeated, and the bundle says what it has
    to say beside prices; elsewhere it gives prices alone.

    Args:
        client: MLflow.
        settings: Where artifacts go, the registered model, and the key that signs.
        number: Of the version.
        data: File that it was trained on, if it is to be looked for nowhere else.
        step: Called with what begins, at most `STEPS` times.

    Raises:
        RegistryError: There is no such version.
        UsageError: Its bundle has all that the newest has, or can get no more; or `data` is
            not what it was trained on.
        ExportError: Its bundle cannot be used.
    """
    location = settings.location
    find_version(client.versions(location.model_name), location, number)
    with tempfile.TemporaryDirectory(prefix="housing-upgrade-") as scratch:
        source = download(settings, number, Path(scratch))
        made = Making(client, settings, number, source, Path(scratch))
        bundle = made.bundle(data, step)
        metadata = bundle.metadata
        experiment = experiment_id(client, settings)
        note = (
            f"The model of version {number} of {location.model_name}, in a bundle of format "
            f"{metadata.format_version}; it was not trained anew."
        )
        tags = {
            **origin.run_tags("upgrade", note),
            UPGRADED_TAG: str(number),
            **_data_tags(client, metadata.run_id),
        }
        title = f"version {number} in format {metadata.format_version}"
        with run_log.run(client, experiment, title, home=settings.home, tags=tags) as run_id:
            params = {"model": metadata.model_type, "preprocessing": metadata.preprocessing}
            for name, value in params.items():
                client.log_param(run_id, name, value)
            _log_measured(client, settings, run_id, bundle)
            model_id = log_model(
                client,
                experiment=experiment,
                run_id=run_id,
                bundle=bundle.folder,
                houses=pd.DataFrame(metadata.golden.rows, columns=list(FEATURE_NAMES), dtype=float),
                tags={DIGEST_TAG: bundle.digest},
                params=params,
            )
            run_log.log_bundle(
                client, run_id, bundle=bundle.folder, digest=bundle.digest, model_id=model_id
            )
    registered = register(client, location, run_id)
    return Upgraded(
        version=registered.version, run_id=run_id, digest=bundle.digest, missing=bundle.missing
    )


def _data_tags(client: Client, run_id: str) -> dict[str, str]:
    """Return what the run that trained the model says of its data."""
    trained = client.run(run_id) if run_id else None
    return {
        name: text for name, text in (trained.tags if trained else {}).items()
        if name == DATA_FILE_TAG
    }  # fmt: skip


def _log_measured(client: Client, settings: Settings, run_id: str, bundle: UpgradedBundle) -> None:
    metadata, learned = bundle.metadata, bundle.learned
    found = {**metadata.metrics, **(learned.metrics if learned else {})}
    for name, score in found.items():
        client.log_metric(run_id, name, score)
    if learned is not None and bundle.houses is not None:
        log_honest_plots(
            client,
            run_id,
            learned,
            bundle.folder,
            bundle.houses,
            title=f"{metadata.model_type} x {metadata.preprocessing}",
            unit=metadata.target.unit,
            max_bytes=settings.max_bundle_bytes,
        )
