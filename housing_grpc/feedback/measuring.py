"""How good the prices of each model were, by what the store has of it now."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from housing_grpc.feedback import quality
from housing_grpc.feedback.outcome import ModelLabels
from housing_grpc.feedback.quality import DETECTOR_LABELS, Expected, Figures
from housing_grpc.feedback.store import Store
from housing_grpc.receipts.record import DIGEST_DIGITS

# Of so many models it is kept what training says of them, and what was measured.
_MOST_KNOWN = 200
_FOLDER_DIGITS = 12

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Measured:
    """How good the prices of a model were.

    Attributes:
        version: The registry's; the start of the digest of a bundle that came from elsewhere.
        live: Whether it is the live model.
        labels: How many outcomes it has, and since when.
        figures: Of the latest.
    """

    version: str
    live: bool
    labels: ModelLabels
    figures: Figures


class Measuring:
    """Measures models; from any thread. What has not changed is not read again.

    Args:
        store: Has the outcomes.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._live: ModelLabels | None = None
        self._ceiling = Expected().ceiling
        self._known: dict[str, Expected] = {}
        self._figures: dict[str, tuple[ModelLabels, Expected, Figures]] = {}

    def on_live(
        self, digest: str, version: str, metrics: Mapping[str, float], ceiling: float
    ) -> None:
        """Takes over what training says of the model that went live.

        Args:
            digest: Of its bundle.
            version: The registry's, or what stands for it.
            metrics: Measured in training.
            ceiling: Largest true price of the training data.
        """
        short = digest[:DIGEST_DIGITS]
        number = int(version) if version.isdecimal() else 0
        with self._lock:
            self._live = ModelLabels(digest=short, version=number, total=0, latest=0)
            self._ceiling = ceiling
            _keep(self._known, short, quality.expected(metrics, ceiling))

    def measure(self, most: int) -> list[Measured]:
        """Returns how good the prices of each model were.

        Args:
            most: Most models.

        Returns:
            The live model first, also without outcomes; then that with the latest outcome.

        Raises:
            StoreUnavailableError: The store does not answer.
        """
        models = self._store.models()
        with self._lock:
            live = self._live
        if live and all(each.digest != live.digest for each in models):
            models.append(live)
        # Sorting leaves the others in their order.
        models.sort(key=lambda each: live is None or each.digest != live.digest)
        return [
            Measured(
                version=_version(each),
                live=live is not None and each.digest == live.digest,
                labels=each,
                figures=self._figures_of(each),
            )
            for each in models[:most]
        ]

    def _figures_of(self, labels: ModelLabels) -> Figures:
        with self._lock:
            # Of a model that was not live here, we know that its prices are cut off where others'
            # are, and no more.
            expects = self._known.get(labels.digest, Expected(ceiling=self._ceiling))
            known = self._figures.get(labels.digest)
        if known and known[:2] == (labels, expects):
            return known[2]
        found = quality.measure(self._store.labels(labels.digest, DETECTOR_LABELS), expects)
        with self._lock:
            _keep(self._figures, labels.digest, (labels, expects, found))
        return found


def _version(labels: ModelLabels) -> str:
    return str(labels.version) if labels.version else labels.digest[:_FOLDER_DIGITS]


def _keep(known: dict[str, T], digest: str, entry: T) -> None:
    """Puts an entry at the end, and drops the first beyond the limit."""
    known.pop(digest, None)
    known[digest] = entry
    if len(known) > _MOST_KNOWN:
        del known[next(iter(known))]
