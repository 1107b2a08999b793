"""Files of a bundle as a registry gives them."""

import contextlib
import random
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np

from housing_grpc.bundle import metadata, model, preprocess
from housing_grpc.bundle.errors import BundleError
from housing_grpc.bundle.format import METADATA_FILE
from housing_grpc.bundle.part_files import PREPROCESSOR_FILE
from housing_grpc.bundle.schema import FEATURE_NAMES
from housing_grpc.model.live import LiveModel, ReleaseFacts
from housing_grpc.services import model_messages
from tests.fuzz import mutants
from tests.fuzz.target import Seeds, Target
from tests.support import examples

KINDS = (("linear", "v1_median"), ("linear", "v2_knn"), ("linear", "v3_iterative"))
_ROWS = np.array([[np.nan] * len(FEATURE_NAMES), [1.0] * len(FEATURE_NAMES)])


def _made(folder: Path) -> Sequence[Path]:
    houses = examples.load_houses()
    found = []
    for name, imputer in KINDS:
        found.append(folder / imputer)
        examples.make(found[-1], houses, name, imputer)
    return found


class Document(Target):
    """A JSON document, of which values are changed."""

    def mutant(self, seed: bytes, chance: random.Random) -> bytes:
        return mutants.of_json(seed, chance)


class MetadataFile(Document):
    """metadata.json of a bundle whose other files are whole.

    Args:
        stack: Not needed.
        folder: Where bundles may be made.
    """

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self._documents = [bundle / METADATA_FILE for bundle in _made(folder)]
        self._real = [document.read_bytes() for document in self._documents]

    def seeds(self) -> Seeds:
        """Returns the metadata of each kind of bundle."""
        return self._real

    def __call__(self, data: bytes) -> None:
        """Loads a bundle; it is refused with a reason, or serves and can be told about."""
        with contextlib.suppress(BundleError), np.errstate(all="ignore"):
            metadata.decode(data)
            self._documents[0].write_bytes(data)
            bundle = model.load(self._documents[0].parent)
            facts = ReleaseFacts(
                version="1",
                source="folder",
                stale=False,
                generation=1,
                loaded_at=datetime.now(UTC),
                load_seconds=0.0,
            )
            live = LiveModel(bundle=bundle, facts=facts)
            assert model_messages.encode_info(live, 0.25).SerializeToString()
            assert np.isfinite(bundle.predict(_ROWS)).all()


class PreprocessorFile(Document):
    """preprocessor.json of a bundle.

    Args:
        stack: Not needed.
        folder: Where bundles may be made.
    """

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self._real = [(bundle / PREPROCESSOR_FILE).read_bytes() for bundle in _made(folder)]

    def seeds(self) -> Seeds:
        """Returns what each preprocessing was fitted to, the training rows of KNN cut short."""
        for real in self._real:
            yield real if len(real) < 20_000 else _few_rows(real)

    def __call__(self, data: bytes) -> None:
        """Loads it; it is refused with a reason, or fills in what is missing."""
        # Numbers that overflow are for the golden rows to find.
        with contextlib.suppress(BundleError), np.errstate(all="ignore"):
            assert preprocess.load(data).transform(_ROWS).shape == _ROWS.shape


def _few_rows(document: bytes) -> bytes:
    tree = msgspec.json.decode(document)
    tree["imputer"]["rows"] = tree["imputer"]["rows"][:6]
    return msgspec.json.encode(tree)
