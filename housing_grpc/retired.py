"""The model before the live one, which calls may still hold."""

import gc
import time
import weakref

from housing_grpc.bundle.model import Bundle
from housing_grpc.errors import Reason, ServingError

_SECONDS = 5.0
_LOOK_SECONDS = 0.01


class Retired:
    """Keeps an eye on the last bundle that was replaced, without holding it."""

    def __init__(self) -> None:
        self._bundle: weakref.ref[Bundle] | None = None

    def note(self, bundle: Bundle) -> None:
        """Notes that a bundle has been replaced."""
        self._bundle = weakref.ref(bundle)

    def await_release(self) -> None:
        """Waits until no call holds it: there is to be memory for two bundles, not for three.

        Raises:
            ServingError: RELOAD_IN_PROGRESS if one holds it for long.
        """
        until = time.monotonic() + _SECONDS
        while self._held():
            if time.monotonic() < until:
                time.sleep(_LOOK_SECONDS)
                continue
            # An error that was kept may hold it, in a circle.
            gc.collect()
            if self._held():
                raise ServingError(
                    Reason.RELOAD_IN_PROGRESS,
                    "calls still hold the model that the last reload replaced",
                    retry_seconds=1,
                )

    def _held(self) -> bool:
        return self._bundle is not None and self._bundle() is not None
