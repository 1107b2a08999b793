"""Makes the bundle of a version anew: with what it lacks, or at least in the newest format."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from housing_grpc.registry.location import BUNDLE_FOLDER

from ..base.errors import UsageError
from ..base.settings import Settings
from ..base.signing import signing
from ..export import NEWEST_FORMAT, Metadata, has_card, metadata_of, upgrade
from ..tracking.mlflow_client import Client
from ..tracking.tags import DATA_FILE_TAG
from ..tracking.training_command import data_file, given_file
from ..training.uncertainty import Uncertainty
from .repeated_training import NotRepeatedError, repeat

_DIGITS = 12


@dataclass(frozen=True, kw_only=True)
class UpgradedBundle:
    """A bundle that was made of another one.

    Attributes:
        folder: Where it is.
        digest: Of it.
        metadata: What it says of itself.
        learned: What was learned beside the model, or None.
        houses: The rows that it was fitted to, or None without them.
        missing: Why it does not say how sure prices are, and what to do; "" if it does.
    """

    folder: Path
    digest: str
    metadata: Metadata
    learned: Uncertainty | None = None
    houses: pd.DataFrame | None = None
    missing: str = ""


@dataclass(frozen=True)
class Making:
    """Makes the new bundle of a version.

    Attributes:
        client: MLflow.
        settings: The key that signs, and how large bundles may be.
        number: Of the version.
        source: Its bundle.
        scratch: Folder for what is made.
    """

    client: Client
    settings: Settings
    number: int
    source: Path
    scratch: Path

    def bundle(self, data: Path | None, step: Callable[[str], None]) -> UpgradedBundle:
        """Return a bundle of the newest format: with all parts, or else without.

        Args:
            data: File that it was trained on, if it is to be looked for nowhere else.
            step: Called with what begins.

        Raises:
            UsageError: It has all that the newest has, or can get no more; or `data` is not what
                it was trained on.
            ExportError: It cannot be used.
        """
        metadata, newest = self._metadata(self.source), NEWEST_FORMAT
        whole = metadata.interval is not None and has_card(metadata)
        if metadata.format_version == newest and whole:
            raise UsageError(f"its bundle is of format {newest} already; there is no newer one")
        try:
            return self._repeated(metadata, self._data(metadata, data), step)
        except NotRepeatedError as error:
            if metadata.format_version == newest:
                raise UsageError(
                    f"its bundle is of format {newest} already, and gets no more: {error}"
                ) from error
            return self._converted(str(error))

    def _metadata(self, folder: Path) -> Metadata:
        return metadata_of(folder, self.settings.max_bundle_bytes)

    def _data(self, metadata: Metadata, given: Path | None) -> Path:
        run = self.client.run(metadata.run_id) if metadata.run_id else None
        tags = run.tags if run else {}
        digest = metadata.data_digest
        if given is not None:
            return given_file(given, digest, self.number)
        found = data_file(digest, tags)
        if found is None:
            name = tags.get(DATA_FILE_TAG, "a file")
            raise NotRepeatedError(
                f"its data, {name} with the SHA-256 {digest[:_DIGITS]}..., is not at hand; name it:"
                f" housing-admin upgrade {self.number} --data FILE"
            )
        return found

    def _repeated(
        self, metadata: Metadata, data: Path, step: Callable[[str], None]
    ) -> UpgradedBundle:
        folder = self.scratch / "repeated" / Path(BUNDLE_FOLDER).name
        exported, learned, dataset = repeat(
            self.source,
            metadata,
            data,
            folder,
            step=step,
            signing_key=self.settings.signing_key_file,
            max_bytes=self.settings.max_bundle_bytes,
        )
        made = self._metadata(folder)
        return UpgradedBundle(
            folder=folder,
            digest=exported.digest,
            metadata=made,
            learned=learned,
            houses=dataset.features,
        )

    def _converted(self, missing: str) -> UpgradedBundle:
        folder = self.scratch / "converted" / Path(BUNDLE_FOLDER).name
        digest, metadata = upgrade(
            self.source,
            folder,
            sign=signing(self.settings.signing_key_file),
            max_bytes=self.settings.max_bundle_bytes,
        )
        return UpgradedBundle(folder=folder, digest=digest, metadata=metadata, missing=missing)
