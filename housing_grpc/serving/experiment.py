"""Wires what is known of the challenger: in memory, of all workers, and in the store."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from housing_grpc.challenger.reporting import Reporter
from housing_grpc.challenger.shadow import Pair, ShadowSums
from housing_grpc.challenger.verdict import Pairs
from housing_grpc.challenger.watch import Watch
from housing_grpc.feedback.errors import StoreUnavailableError
from housing_grpc.feedback.service import unavailable
from housing_grpc.metrics.experiment import ExperimentMetrics, shadow_sums
from housing_grpc.metrics.state import State
from housing_grpc.model.challenger_slot import ChallengerSlot
from housing_grpc.model.live import Models

if TYPE_CHECKING:
    from housing_grpc.feedback.store import Store


class Experiment:
    """Knows how the challenger does.

    Args:
        slot: Holds it.
        models: Where the live model is.
        metrics: Show it.
        total: Returns what all workers have counted.
        store: Keeps outcomes; None if the server keeps none.

    Attributes:
        reporter: Tells.
    """

    def __init__(
        self,
        slot: ChallengerSlot,
        models: Models,
        metrics: ExperimentMetrics,
        total: Callable[[], State],
        store: "Store | None",
    ) -> None:
        def sums(pair: Pair) -> ShadowSums:
            return shadow_sums(total(), pair)

        self.reporter = Reporter(slot, models.current, sums, _pairs(store))
        self._shadow = metrics.shadow
        self._watch = Watch(self.reporter, metrics.reported)
        slot.notify(metrics.shadow.changed)
        metrics.challenge = lambda: slot.challenge

    def start(self) -> None:
        """Begins to price houses with the challenger, and to ask for the verdict."""
        self._shadow.start()
        self._watch.start()

    def close(self) -> None:
        """Ends both."""
        self._watch.stop()
        self._shadow.stop()


def _pairs(store: "Store | None") -> Callable[[str, str], Pairs] | None:
    if store is None:
        return None

    def pairs(champion: str, challenger: str) -> Pairs:
        try:
            return store.pairs(champion, challenger)
        except StoreUnavailableError as error:
            raise unavailable(error, "ask again later") from error

    return pairs
