"""The models that are in memory: the live one, and those that calls and streams still hold."""

import gc
import logging
import time
from collections.abc import Callable
from weakref import WeakSet

from housing_grpc.base import log
from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.bundle.model import Bundle

_SECONDS = 5.0
_LOOK_SECONDS = 0.01
# The live one, the next one, and one that is compared.
_WITH_CHALLENGER = 3

_logger = logging.getLogger(__name__)


class ModelLimit:
    """Keeps an eye on the bundles that are in memory, without holding them.

    Args:
        most: How many there may be.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._bundles: WeakSet[Bundle] = WeakSet()

    def note(self, bundle: Bundle) -> None:
        """Notes that a bundle has been loaded."""
        self._bundles.add(bundle)

    def make_room(self, retire_oldest: Callable[[], bool]) -> None:
        """Waits until one more may be loaded.

        Not for ever: an evaluation that does not end must not prevent a reload.

        Args:
            retire_oldest: Takes a bundle from those who have pinned it; returns whether there
                was one.
        """
        while not self._has_room():
            retired = retire_oldest()
            if not self._await_room() and not retired:
                log.event(_logger, logging.WARNING, "model.held", models=len(self._bundles))
                return

    def check_room(self) -> None:
        """Refuses a model beside the live one and the next one, if there is no room for all three.

        Raises:
            ServingError: MODEL_NOT_READY.
        """
        if self._most < _WITH_CHALLENGER or not self._await_room():
            raise ServingError(
                Reason.MODEL_NOT_READY,
                f"MAX_MODELS is {self._most}, and leaves no room for a challenger beside the live"
                f" model and the next; set it to {_WITH_CHALLENGER} or more, or end the streams"
                " that have pinned others",
            )

    def _await_room(self) -> bool:
        until = time.monotonic() + _SECONDS
        while not self._has_room() and time.monotonic() < until:
            time.sleep(_LOOK_SECONDS)
        if not self._has_room():
            # An error that was kept may hold one, in a circle.
            # guard: a model that only a circle holds
            gc.collect()
        return self._has_room()

    def _has_room(self) -> bool:
        return len(self._bundles) < self._most
