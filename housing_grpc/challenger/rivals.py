"""What the other model would have asked for a house whose true price has come.

A price changes nothing about what a house sells for: of each outcome the errors of both models are
known, as the receipt holds the house.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from housing_grpc.bundle.model import Bundle
from housing_grpc.bundle.schema import FEATURE_NAMES
from housing_grpc.challenger.pricing import LARGEST, prices
from housing_grpc.model.challenger_slot import ChallengerSlot
from housing_grpc.receipts.record import DIGEST_DIGITS, Receipt

_PART_ROWS = 256


class Rival(NamedTuple):
    """What the other model says.

    Attributes:
        digest: First 16 digits of the digest of its bundle.
        price: In the target's unit.
    """

    digest: str
    price: float


class Rivals:
    """Asks the other one of two models that are compared.

    Args:
        slot: Holds them.
    """

    def __init__(self, slot: ChallengerSlot) -> None:
        self._slot = slot

    def of(self, receipts: Sequence[Receipt], has_time: Callable[[], bool]) -> list[Rival | None]:
        """Returns what the other model says of each receipt's house.

        Args:
            receipts: In any order.
            has_time: Whether to ask for some more prices; may raise what ends all.

        Returns:
            None for one that neither of the two has given, for which the other gives no price,
            or for which there was no time.
        """
        found: list[Rival | None] = [None] * len(receipts)
        experiment = self._slot.experiment
        if experiment is None:
            return found
        champion, challenger = experiment.champion.bundle, experiment.challenger.bundle
        for own, other in ((champion, challenger), (challenger, champion)):
            digest = own.digest[:DIGEST_DIGITS]
            places = [i for i, each in enumerate(receipts) if each.model.digest == digest]
            for start in range(0, len(places), _PART_ROWS):
                # guard: the time for what a challenger says of outcomes
                if not has_time():
                    return found
                part = places[start : start + _PART_ROWS]
                for place, price in zip(part, _priced(other, receipts, part), strict=True):
                    if np.isfinite(price) and abs(receipts[place].price) <= LARGEST:
                        found[place] = Rival(other.digest[:DIGEST_DIGITS], price)
        return found


def _priced(bundle: Bundle, receipts: Sequence[Receipt], places: Sequence[int]) -> list[float]:
    data = b"".join(receipts[place].row for place in places)
    rows = np.frombuffer(data).reshape(-1, len(FEATURE_NAMES))
    try:
        found: list[float] = prices(bundle, rows).tolist()
    except Exception:  # noqa: BLE001 - an outcome is recorded whatever the challenger does
        return [np.nan] * len(places)
    return found
