"""How good the prices of each model were, by what the store has of it now."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from housing_grpc.feedback import quality
from housing_grpc.feedback.outcome import Labels, ModelLabels
from housing_grpc.feedback.quality import DETECTOR_LABELS, Expected, Figures

# Of so many models it is kept what training says of them, and what was measured.
_MOST_KNOWN = 200
_FOLDER_DIGITS = 12

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Live:
    """The live model.

    Attributes:
        digest: First 16 digits of the digest of its bundle.
        version: As answers name it.
        expects: What training says of it.
    """

    digest: str
    version: str
    expects: Expected


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


class Outcomes(Protocol):
    """Where outcomes are kept."""

    def labels(self, digest: str, most: int) -> Labels:
        """Returns the latest outcomes of a model."""
        ...

    def models(self) -> list[ModelLabels]:
        """Returns how many outcomes each model has, that with the latest one first."""
        ...


class Measuring:
    """Measures models; from any thread. What has not changed is not read again.

    Args:
        store: Has the outcomes.
        live: Says which model is live; asked at each measurement.
    """

    def __init__(self, store: Outcomes, live: Callable[[], Live | None]) -> None:
        self._store = store
        self._live = live
        self._lock = threading.Lock()
        self._known: dict[str, Expected] = {}
        self._figures: dict[str, tuple[ModelLabels, Expected, Figures]] = {}

    def measure(self, most: int, version: str = "") -> list[Measured]:
        """Returns how good the prices of each model were.

        Args:
            most: Most models.
            version: As answers name it, of the only one that is wanted; "" for all.

        Returns:
            The live model first, also without outcomes; then that with the latest outcome.

        Raises:
            StoreUnavailableError: The store does not answer.
        """
        live, others = self._live(), {each.digest: each for each in self._store.models()}
        found, unknown = [], Expected()
        if live is not None:
            with self._lock:
                _keep(self._known, live.digest, live.expects)
            nothing = ModelLabels(digest=live.digest, version=0, total=0, latest=0)
            own = others.pop(live.digest, nothing)
            if version in ("", live.version):
                figures = self._figures_of(own, live.expects)
                found = [Measured(version=live.version, live=True, labels=own, figures=figures)]
            # Of a model that was not live here, we know that its prices are cut off where others'
            # are.
            unknown = Expected(ceiling=live.expects.ceiling)
        wanted = [each for each in others.values() if version in ("", _version_of(each))]
        return found + [self._other(each, unknown) for each in wanted[: most - len(found)]]

    def _other(self, labels: ModelLabels, unknown: Expected) -> Measured:
        with self._lock:
            expects = self._known.get(labels.digest, unknown)
        figures, version = self._figures_of(labels, expects), _version_of(labels)
        return Measured(version=version, live=False, labels=labels, figures=figures)

    def _figures_of(self, labels: ModelLabels, expects: Expected) -> Figures:
        with self._lock:
            known = self._figures.get(labels.digest)
        if known and known[:2] == (labels, expects):
            return known[2]
        found = quality.measure(self._store.labels(labels.digest, DETECTOR_LABELS), expects)
        with self._lock:
            _keep(self._figures, labels.digest, (labels, expects, found))
        return found


def _version_of(labels: ModelLabels) -> str:
    # As servers name a bundle that did not come from a registry.
    return str(labels.version) if labels.version else labels.digest[:_FOLDER_DIGITS]


def _keep(known: dict[str, T], digest: str, entry: T) -> None:
    """Puts an entry at the end, and drops the first beyond the limit."""
    known.pop(digest, None)
    known[digest] = entry
    if len(known) > _MOST_KNOWN:
        del known[next(iter(known))]
