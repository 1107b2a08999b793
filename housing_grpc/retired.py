"""The model before the live one, which calls may still hold."""

import gc
import logging
import time
import weakref

from housing_grpc import log
from housing_grpc.bundle.model import Bundle

_SECONDS = 5.0
_LOOK_SECONDS = 0.01

_logger = logging.getLogger(__name__)


class Retired:
    """Keeps an eye on the last bundle that was replaced, without holding it."""

    def __init__(self) -> None:
        self._bundle: weakref.ref[Bundle] | None = None

    def note(self, bundle: Bundle) -> None:
        """Notes that a bundle has been replaced."""
        self._bundle = weakref.ref(bundle)

    def await_release(self) -> None:
        """Waits until no call holds it: there is to be memory for two bundles, not for three.

        Not for ever: a caller that does not take its answer must not prevent a reload.
        """
        until = time.monotonic() + _SECONDS
        while self._held() and time.monotonic() < until:
            time.sleep(_LOOK_SECONDS)
        if self._held():
            # An error that was kept may hold it, in a circle.
            gc.collect()
        if self._held():
            log.event(_logger, logging.WARNING, "model.held")

    def _held(self) -> bool:
        return self._bundle is not None and self._bundle() is not None
