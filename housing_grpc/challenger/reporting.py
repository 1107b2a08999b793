"""How the challenger does now."""

from collections.abc import Callable
from dataclasses import dataclass

from housing_grpc.challenger.shadow import Pair, ShadowSums
from housing_grpc.challenger.verdict import Pairs, Verdict, decide
from housing_grpc.model.challenge import Challenge
from housing_grpc.model.challenger_slot import ChallengerSlot
from housing_grpc.model.live import LiveModel
from housing_grpc.receipts.record import DIGEST_DIGITS


@dataclass(frozen=True, kw_only=True)
class Report:
    """How a challenger does.

    Attributes:
        champion_version: Of the live model.
        challenge: What it is compared with, and how.
        sums: What became of the houses of the shadow.
        verdict: Which of the two is better.
    """

    champion_version: str
    challenge: Challenge
    sums: ShadowSums
    verdict: Verdict


class Reporter:
    """Tells how the challenger does; from any thread.

    Args:
        slot: Holds it.
        live: Returns the live model.
        sums: Returns what became of the houses of two models, on all workers together.
        pairs: Returns the outcomes of two models, by the first 16 digits of the digests of their
            bundles; None if none are recorded.
    """

    def __init__(
        self,
        slot: ChallengerSlot,
        live: Callable[[], LiveModel],
        sums: Callable[[Pair], ShadowSums],
        pairs: Callable[[str, str], Pairs] | None,
    ) -> None:
        self._slot = slot
        self._live = live
        self._sums = sums
        self._pairs = pairs

    def report(self) -> Report | None:
        """Returns how the challenger does; None if there is none.

        Raises:
            ServingError: The live model is not there yet, or what is asked does not answer.
        """
        live, challenge = self._live(), self._slot.challenge
        if not challenge.version:
            return None
        pairs = None if self._pairs is None else Pairs()
        if self._pairs is not None and challenge.digest:
            digests = live.bundle.digest[:DIGEST_DIGITS], challenge.digest[:DIGEST_DIGITS]
            pairs = self._pairs(*digests)
        sums = self._sums((live.version, challenge.version))
        return Report(
            champion_version=live.version,
            challenge=challenge,
            sums=sums,
            verdict=decide(pairs, sums),
        )
