"""Follows the source: notices that it names another version, and reloads by itself."""

import logging
import random
import threading
from collections import Counter
from collections.abc import Callable

from housing_grpc.base import log
from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.bundle.errors import BundleError
from housing_grpc.model.live import Release
from housing_grpc.model.reload_manager import ReloadManager
from housing_grpc.model.source import Source

_MOST_PATIENCE = 10
_STOP_SECONDS = 5.0

# Somebody else reloads, or nothing matters any more.
_NO_FAULT = frozenset({Reason.RELOAD_IN_PROGRESS, Reason.SERVER_STOPPING})

_logger = logging.getLogger(__name__)


class Follower:
    """Asks the source from time to time, in a thread of its own.

    It acts on what the source names, not on what serves: a version that an operator
    chose with ReloadModel stays until the source names another one than before, and one
    that was rolled back from does not come back until then. A bundle that is refused for
    what it is, is not tried again until then; one that may have been refused for something
    passing, a few times. While the source fails, the time between two questions doubles,
    up to ten times the usual.

    A bundle folder is followed by the digest of what lies in it. One that is being
    copied into place is refused as damaged, and tried again.

    Args:
        manager: Reloads.
        source: Is asked.
        seconds: Between two questions; each wait is up to a fifth shorter or longer, so
            that many servers do not ask all at once.
        looked: Called after each question.
        until_fresh: Whether it only ends a stale start, and asks no more once that is over.
        stopping: Ends every wait.
    """

    def __init__(
        self,
        manager: ReloadManager,
        source: Source,
        seconds: float,
        *,
        looked: Callable[[], None] = lambda: None,
        until_fresh: bool = False,
        stopping: threading.Event | None = None,
    ) -> None:
        self._manager = manager
        self._source = source
        self._seconds = seconds
        self._looked = looked
        self._until_fresh = until_fresh
        self._stopping = stopping or threading.Event()
        self._thread = threading.Thread(target=self._follow, name="follower", daemon=True)
        self._seen: str | None = None
        self._failures = 0
        self._refusals: Counter[tuple[str, Reason]] = Counter()

    def start(self, live: Release) -> None:
        """Begins to ask.

        Args:
            live: The first model; unless it is stale, the one that the source names.
        """
        if self._until_fresh and not live.facts.stale:
            return
        self._seen = None if live.facts.stale else live.version
        self._thread.start()

    def stop(self) -> None:
        """Asks no more; does not wait for a question that is on its way."""
        self._stopping.set()

    def join(self) -> None:
        """Waits for the end, which is near once the children are stopped."""
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)

    def _follow(self) -> None:
        while not self._stopping.wait(self._patience()):
            if self._until_fresh and not self._manager.current().facts.stale:
                return
            try:
                self._poll()
            except (ServingError, BundleError) as error:
                self._failed(Reason[error.reason])
            except Exception as error:  # noqa: BLE001 (the thread must live; nobody would miss it)
                self._failed(Reason.INTERNAL, error)
            else:
                self._succeeded()
            self._looked()

    def _patience(self) -> float:
        spread = random.uniform(0.8, 1.2)  # noqa: S311 (keeps no secret)
        patience: int = min(2**self._failures, _MOST_PATIENCE)
        return self._seconds * patience * spread

    def _poll(self) -> None:
        wanted = self._wanted()
        if self._seen is None and not self._manager.current().facts.stale:
            # Somebody has reloaded since the start, and with it chosen what serves.
            self._seen = wanted
        if wanted == self._seen or self._stopping.is_set():
            return
        try:
            moved = self._manager.follow()
        except (ServingError, BundleError) as error:
            if not self._gives_up(wanted, Reason[error.reason]):
                raise
            self._seen = wanted
            log.event(
                _logger, logging.WARNING, "follower.refused", version=wanted, reason=error.reason
            )
            return
        self._seen = moved.live.version
        self._refusals.clear()
        log.event(
            _logger, logging.INFO, "follower.moved",
            version=moved.live.version, previous=moved.previous_version, changed=moved.changed,
        )  # fmt: skip

    def _wanted(self) -> str:
        try:
            return self._source.wanted()
        except ServingError as error:
            if error.reason is Reason.BUNDLE_DOWNGRADE:
                # It gets no further, and is to be seen where other refusals are.
                self._manager.refused(error.reason)
            raise

    def _gives_up(self, version: str, reason: Reason) -> bool:
        self._refusals[version, reason] += 1
        if reason.tries is None or self._refusals[version, reason] < reason.tries:
            return False
        self._refusals.clear()
        return True

    def _failed(self, reason: Reason, error: Exception | None = None) -> None:
        if reason in _NO_FAULT:
            return
        if not self._failures:
            log.event(
                _logger, logging.WARNING, "follower.failing", error=error, reason=reason.value
            )
        # Further doublings would change nothing.
        self._failures = min(self._failures + 1, _MOST_PATIENCE)

    def _succeeded(self) -> None:
        if self._failures:
            self._failures = 0
            log.event(_logger, logging.INFO, "follower.recovered")
