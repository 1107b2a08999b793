"""The promoted version, as what a retraining begins with: its bundle, recipe and data."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from ..base.errors import DataError, RegistryError
from ..base.settings import Settings
from ..card import Retrained
from ..data import dataset
from ..data.dataset import Dataset
from ..export.reading import Bundle
from ..jobs.price_changes import bundle_and_card_of
from ..tracking.records import Records, Version
from ..tracking.tags import (
    BASE_PATH_TAG,
    DATA_FILE_TAG,
    DATA_PATH_TAG,
    LEARNED_TAG,
    PARENT_TAG,
)
from ..tracking.training_command import data_file
from ..training.recipe_of_bundle import recipe_of
from ..training.spec import TrainingSpec

_DIGITS = 12
# Anybody may set tags.
_WHOLE = re.compile(r"[0-9]{1,18}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Successor:
    """A version that a retraining made of the promoted one, and that is not promoted.

    Attributes:
        version: Its number.
        trained_at: When, in UTC.
        learned_until: When the newest outcome that it knew was recorded, in µs of Unix time.
    """

    version: int
    trained_at: datetime
    learned_until: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Champion:
    """The promoted version.

    Attributes:
        version: Its number.
        bundle: Which has answered its golden rows.
        retrained: What it learned from that was sold, or None.
        tags: Of the run that trained it.
        successor: The newest one, or None.
    """

    version: int
    bundle: Bundle
    retrained: Retrained | None
    tags: Mapping[str, str]
    successor: Successor | None

    @property
    def trained_at(self) -> datetime:
        """When it was trained, in UTC."""
        return self.bundle.metadata.trained_at.astimezone(UTC)

    def base(self) -> tuple[TrainingSpec, Dataset]:
        """Return its recipe, and what it was trained on without what was sold.

        So an outcome that is corrected, retracted or forgotten is so in the next training, too.

        Raises:
            DataError: The file is not here, or cannot be used.
            UnknownRecipeError: It cannot be told how it was trained.
        """
        metadata = self.bundle.metadata
        # By the card, which the bundle's digest covers: anybody may set tags.
        # guard: what a retraining begins with
        digest = self.retrained.base_digest if self.retrained else metadata.data_digest
        own = {DATA_PATH_TAG: self.tags.get(BASE_PATH_TAG, "")}
        tags = own if self.retrained else self.tags
        file = data_file(digest, {name: text for name, text in tags.items() if text})
        if file is None:
            name = tags.get(DATA_FILE_TAG, "a file")
            raise DataError(
                f"what version {self.version} was trained on, {name} with the SHA-256"
                f" {digest[:_DIGITS]}..., is not here; put it where it was, or into this folder"
            )
        recipe = {
            **metadata.params,
            "model": metadata.model_type,
            "preprocessing": metadata.preprocessing,
        }
        spec = recipe_of(recipe, file, target_unit=metadata.target.unit)
        folds, share = metadata.params.get("cv_folds"), metadata.params.get("test_size")
        # Scored as it was, so that figures can be compared.
        scored = replace(
            spec,
            cv=folds if isinstance(folds, int) and folds > 1 else None,
            test_size=share if isinstance(share, float) and 0 < share < 1 else spec.test_size,
        )
        return scored, dataset.load(file, target_unit=spec.target_unit, accept=spec.accept)


def find(records: Records, settings: Settings) -> Champion:
    """Return the promoted version.

    Args:
        records: Of the registered model.
        settings: Name the model and the alias.

    Raises:
        RegistryError: None is promoted, or it cannot be fetched.
        ExportError: Its bundle cannot be used.
    """
    location = settings.location
    found = records.versions(location.model_name)
    version = next((each for each in found if location.alias in each.aliases), None)
    if version is None:
        raise RegistryError(
            f"no version of {location.model_name} is {location.alias}, so there is none to train"
            " again; make one with: housing-admin seed"
        )
    bundle, card = bundle_and_card_of(settings, version.number)
    run_id = bundle.metadata.run_id
    run = records.run(run_id) if run_id else None
    return Champion(
        version=version.number,
        bundle=bundle,
        retrained=card.lineage.retrained if card else None,
        tags=run.tags if run else {},
        successor=_successor(records, found, version),
    )


def _successor(records: Records, found: Sequence[Version], champion: Version) -> Successor | None:
    for each in sorted(found, key=lambda each: -each.number):
        if each.number <= champion.number:
            break
        run = records.run(each.run_id) if each.run_id else None
        tags = run.tags if run else {}
        until = tags.get(LEARNED_TAG, "")
        if tags.get(PARENT_TAG) == champion.digest and _WHOLE.fullmatch(until):
            return Successor(version=each.number, trained_at=each.created, learned_until=int(until))
    return None
