"""Says whether a run can become a version of the registered model, or is one already."""

from housing_grpc.registry.location import RegistryLocation

from ..base.errors import RegistryError
from .promotion import holds_bundle
from .records import Records, Run
from .training_command import training_command


def known_version(records: Records, location: RegistryLocation, run: Run) -> int | None:
    """Return the version that a run is already, or None if it can become one.

    Args:
        records: Of the registered model.
        location: Names it.
        run: The run.

    Raises:
        RegistryError: It has not finished, or has no bundle.
    """
    if run.status != "FINISHED":
        raise RegistryError(
            f"run {run.run_id} is {run.status}, not FINISHED; register one that is,"
            " see: housing-admin runs"
        )
    known = versions_of(records, location, run)
    if not known and (not run.model_id or not holds_bundle(records, run.model_id)):
        raise RegistryError(_without_bundle(run))
    return min(known, default=None)


def versions_of(records: Records, location: RegistryLocation, run: Run) -> list[int]:
    """Return the versions that a run became."""
    return [
        version.number
        for version in records.versions(location.model_name)
        if version.run_id == run.run_id and version.digest
    ]


def _without_bundle(run: Run) -> str:
    text = f"run {run.run_id} has no bundle to register"
    if "model" not in run.params:
        return f"{text}, as it trained nothing itself; register another, see: housing-admin runs"
    # Of an experiment, the best run alone has one.
    return f"{text}; {training_command(run)}"
