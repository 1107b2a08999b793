"""When the model before can come back, and when it does so by itself."""

import logging
import threading
from collections.abc import Callable

from housing_grpc.base import log
from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.model.activation import Activator
from housing_grpc.model.live import Release
from housing_grpc.model.probation import Probation
from housing_grpc.model.rolled_back import RolledBack
from housing_grpc.model.source import Fetched

_logger = logging.getLogger(__name__)


class Rollbacks:
    """Keeps the model before in memory for some time, and has it come back if the new one fails.

    Args:
        activator: Keeps it.
        changing: Held by whatever changes which models are in memory.
        seconds: How long it is kept; 0 for not at all.
        go_back: Has it come back; called with the lock held.

    Attributes:
        versions: Those that were rolled back from.
    """

    def __init__(
        self,
        activator: Activator,
        changing: threading.Lock,
        *,
        seconds: float,
        go_back: Callable[[], object],
    ) -> None:
        self.versions = RolledBack()
        self._activator = activator
        self._changing = changing
        self._seconds = seconds
        self._go_back = go_back
        self._probation: Probation | None = None

    def previous(self) -> Fetched:
        """Returns the model before.

        Raises:
            ServingError: NO_PREVIOUS_MODEL: it is in memory no more, or not everywhere.
        """
        probation, kept = self._probation, self._activator.previous()
        if probation is None or kept is None or kept.digest != probation.previous.digest:
            raise _no_previous(self._seconds)
        return probation.previous

    def begin(self, previous: Fetched | None, live: Release) -> None:
        """Begins the probation of a model, and ends that of the model before.

        Args:
            previous: The model before, or None if nobody is to go back to it.
            live: The model.
        """
        self.stop()
        self._probation = None
        if previous is None or not self._seconds:
            self._activator.forget()
            return
        self._probation = Probation(
            previous,
            live.facts.generation,
            seconds=self._seconds,
            failed=self._failed,
            over=self._over,
        )
        self._probation.start()

    def fault(self, generation: int) -> None:
        """Takes note that a model gave what is no price; does not wait for anything.

        Args:
            generation: The model's.
        """
        if (probation := self._probation) is not None:
            probation.fault(generation)

    def stop(self) -> None:
        """Has nothing come back by itself any more."""
        if (probation := self._probation) is not None:
            probation.end()

    def _failed(self, probation: Probation) -> bool:
        """Goes back, once a version; returns whether to count faults on."""
        with self._changing:
            live = self._activator.live()
            if self._probation is not probation or live is None:
                return False
            # The same bundle would fail as well.
            same = live.digest == probation.previous.digest
            # guard: one automatic rollback a version
            if same or self.versions.automatically(live.version):
                log.event(_logger, logging.ERROR, "rollback.held", version=live.version)
                return False
            try:
                self._go_back()
            except Exception as error:  # noqa: BLE001 (the next faults may have more luck)
                log.event(
                    _logger, logging.ERROR, "rollback.failed", error=error, serving=live.version
                )
                return True
            return False

    def _over(self, probation: Probation) -> None:
        with self._changing:
            if self._probation is probation:
                self._probation = None
                self._activator.forget()


def _no_previous(seconds: float) -> ServingError:
    why = (
        f"it is kept for {seconds:g} s after a change of model, which PROBATION_SECONDS sets, and "
        "not after a rollback"
        if seconds
        else "PROBATION_SECONDS is 0"
    )
    return ServingError(
        Reason.NO_PREVIOUS_MODEL,
        f"no previous model is in memory: {why}; reload the version that is to serve instead",
    )
