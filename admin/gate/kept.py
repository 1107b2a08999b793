"""Keeps what a gate has found with the version, and tells what is kept of one."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from housing_grpc.bundle.digest import is_digest
from housing_grpc.registry.location import RegistryLocation

from ..base.errors import RegistryError
from ..tracking.records import Version
from ..tracking.tags import EVIDENCE_TAG, VERDICT_TAG
from .evidence import Evidence, Inputs, Verdict

if TYPE_CHECKING:
    from ..tracking.mlflow_client import Client

_FOLDER = "gate"


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What a version's tag says of the last gate that looked at it.

    Attributes:
        digest: Of the evidence.
        verdict: Of all rules together.
        inputs: What it was found from.
    """

    digest: str
    verdict: Verdict
    inputs: Inputs


def keep(client: "Client", location: RegistryLocation, found: Evidence) -> str:
    """Note in MLflow what was found: as tags of the version, and in full with its run.

    Args:
        client: MLflow.
        location: Names the registered model.
        found: The evidence.

    Returns:
        Why it could not be kept with the run, or "".
    """
    name, number = location.model_name, str(found.version)
    missing = _keep_whole(client, client.get_model_version(name, number).run_id, found)
    kept = Kept(digest=found.digest, verdict=found.verdict, inputs=found.inputs)
    client.set_model_version_tag(name, number, VERDICT_TAG, str(found.verdict))
    # As one tag, so that a promotion never rests on parts of two.
    client.set_model_version_tag(name, number, EVIDENCE_TAG, json.dumps(asdict(kept)))
    return missing


def _keep_whole(client: "Client", run_id: str | None, found: Evidence) -> str:
    if not run_id or client.run(run_id) is None:
        return ""
    text = json.dumps(found.document, indent=1)
    try:
        client.log_text(run_id, text, f"{_FOLDER}/{found.digest[:12]}.json")
    except RegistryError as error:  # The version's run may be anybody's.
        return str(error)
    return ""


def read(version: Version) -> Kept | None:
    """Return what is kept of a version, or None if nothing that can be read: anybody sets tags."""
    try:
        found = json.loads(version.tags.get(EVIDENCE_TAG, ""))
        digest, inputs = _texts(found, ("digest",))["digest"], _texts(found["inputs"], _INPUTS)
        # guard: the digest of evidence
        if not is_digest(digest):  # The history would hold it.
            return None
        return Kept(digest=digest, verdict=Verdict(found["verdict"]), inputs=Inputs(**inputs))
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


_INPUTS = tuple(Inputs.__dataclass_fields__)


def _texts(found: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, str]:
    texts = {name: found[name] for name in names}
    if not all(isinstance(text, str) for text in texts.values()):
        raise TypeError
    return texts
