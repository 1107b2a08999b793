"""Deletes outcomes of prices that are too old: at start and once a day, by one of the servers."""

import logging
import threading
from contextlib import suppress

from housing_grpc.base import log
from housing_grpc.feedback import outcome
from housing_grpc.feedback.errors import StoreUnavailableError
from housing_grpc.feedback.store import Store

_SECOND = 1_000_000
_DAY = 86_400 * _SECOND
# Of servers that start together, one looks.
_JUST_NOW = 60 * _SECOND
_LOOK_SECONDS = 3600.0
# Writers wait for each transaction that deletes.
_PAUSE_SECONDS = 0.05

_logger = logging.getLogger(__name__)


class Retention:
    """Looks for what is too old, from a thread of its own, until it is stopped.

    Args:
        store: Where it is.
        days: Age at which it is; 0 for never.
    """

    def __init__(self, store: Store, days: int) -> None:
        self._store = store
        self._days = days
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="retention", daemon=True)

    def start(self) -> None:
        """Begins to look."""
        if self._days:
            self._thread.start()

    def stop(self) -> None:
        """Looks no more, and waits for the transaction that is under way."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        since = _JUST_NOW
        while True:
            # The store logs that it is away.
            with suppress(StoreUnavailableError):
                if self._store.claim_purge(outcome.now() - since):
                    self._purge()
                since = _DAY
            if self._stopping.wait(_LOOK_SECONDS):
                return

    def _purge(self) -> None:
        total = 0
        for deleted in self._store.purge(outcome.now() - self._days * _DAY):
            total += deleted
            if self._stopping.wait(_PAUSE_SECONDS):
                break
        if total:
            log.event(_logger, logging.INFO, "feedback.purged", outcomes=total)
