"""The model in memory that is compared with the live one."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.bundle.metadata import Metadata
from housing_grpc.bundle.model import Bundle
from housing_grpc.model.challenge import NO_CHALLENGE, Challenge
from housing_grpc.model.live import LiveModel, LiveSlot, ReleaseFacts


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """Two models that are compared, both in memory.

    Attributes:
        champion: The live one.
        challenger: The other one.
        challenge: How they are compared.
    """

    champion: LiveModel
    challenger: LiveModel
    challenge: Challenge


class ChallengerSlot:
    """Holds the challenger of this process beside the live model; from any thread.

    Args:
        live_slot: Holds the live model. One that goes live is compared no more.

    Attributes:
        challenge: What is known of the challenger, also of one that cannot be had.
        experiment: None unless there is a challenger in memory, beside a live model.
    """

    def __init__(self, live_slot: LiveSlot) -> None:
        self.challenge = NO_CHALLENGE
        self.experiment: Experiment | None = None
        self._live_slot = live_slot
        self._lock = threading.Lock()
        self._prepared: Bundle | None = None
        self._on_change: list[Callable[[Experiment | None], None]] = []
        live_slot.notify(lambda _: self._compare())

    def notify(self, changed: Callable[[Experiment | None], None]) -> None:
        """Has a function called with each experiment that begins, and with None when one ends."""
        self._on_change.append(changed)

    def prepare(self, digest: str, load: Callable[[], Bundle]) -> Bundle:
        """Loads a bundle beside the live one, unless it is in memory already.

        Args:
            digest: The bundle's.
            load: Loads and tests it.

        Raises:
            BundleError: It cannot be served.
            ServingError: There is no room for it, or it predicts something else.
        """
        bundle = self._live_slot.load_beside(digest, load)
        check_alike(self._live_slot.current().bundle.metadata, bundle.metadata)
        self._prepared = bundle
        return bundle

    def abort(self) -> None:
        """Drops what was made ready."""
        self._prepared = None

    def challenge_with(self, challenge: Challenge) -> None:
        """Compares the model that was made ready, or none, from now on.

        Args:
            challenge: Has a digest if it is a model that was made ready, or is compared already.
        """
        slot = self._live_slot
        with self._lock:
            prepared, self._prepared = self._prepared, None
            if not challenge.digest:
                slot.challenger = None
            elif prepared is not None and prepared.digest == challenge.digest:
                slot.challenger = prepared
            self.challenge = challenge
        self._compare()

    def _compare(self) -> None:
        with self._lock:
            slot, before = self._live_slot, self.experiment
            live, bundle = slot.live(), slot.challenger
            # A challenger that went live is compared with itself no more.
            if live is not None and bundle is not None and live.bundle.digest == bundle.digest:
                bundle = slot.challenger = None
            if live is None or bundle is None:
                self.experiment = None
            else:
                self.experiment = Experiment(
                    champion=live,
                    challenger=LiveModel(
                        bundle=bundle, facts=_facts(self.challenge.version, live), challenges=True
                    ),
                    challenge=self.challenge,
                )
            changed = before is not None or self.experiment is not None
            for notify in self._on_change if changed else ():
                notify(self.experiment)


def check_alike(live: Metadata, other: Metadata) -> None:
    """Refuses a model whose prices say nothing beside those of the live one.

    Raises:
        ServingError: SCHEMA_INCOMPATIBLE.
    """
    # Two models that are compared predict the same.
    # guard: two models predict the same
    if (live.target.name, live.target.unit) != (other.target.name, other.target.unit):
        raise ServingError(
            Reason.SCHEMA_INCOMPATIBLE,
            f"it predicts {other.target.name} in {other.target.unit}, and the live model"
            f" {live.target.name} in {live.target.unit}; challenge with one that predicts the same",
        )


def _facts(version: str, live: LiveModel) -> ReleaseFacts:
    # Generation 0 is nobody's: what it does counts against no live model.
    return ReleaseFacts(
        version=version, source=live.facts.source, stale=False,
        generation=0, loaded_at=datetime.now(UTC), load_seconds=0.0,
    )  # fmt: skip
