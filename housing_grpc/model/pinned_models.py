"""Models that streams keep although another one has gone live."""

import threading
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from housing_grpc.bundle.model import Bundle


class Pinned(Protocol):
    """A model that can be pinned."""

    @property
    def bundle(self) -> Bundle:
        """What takes memory."""
        ...


M = TypeVar("M", bound=Pinned)


class Pin(Generic[M]):
    """A model that a stream keeps, until it has to make room for others.

    Args:
        model: The model.
        retired: Called when it has to.
    """

    def __init__(self, model: M, retired: Callable[[], None]) -> None:
        self.model: M | None = model
        """None once it had to make room."""
        self._retired = retired

    def retire(self) -> None:
        """Lets go of the model, and notifies the stream."""
        self.model = None
        self._retired()


class PinnedModels(Generic[M]):
    """The pins of all streams, the oldest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pins: dict[Pin[M], None] = {}

    def add(self, model: M, retired: Callable[[], None]) -> Pin[M]:
        """Pins a model for a stream.

        Args:
            model: The model.
            retired: Called, from any thread, if the stream has to do without it.
        """
        pin = Pin(model, retired)
        with self._lock:
            self._pins[pin] = None
        return pin

    def drop(self, pin: Pin[M]) -> None:
        """Takes back a pin whose stream has ended."""
        with self._lock:
            self._pins.pop(pin, None)

    def retire_oldest(self, live: Bundle | None) -> bool:
        """Takes the model of the oldest pin from all streams that have pinned it.

        Args:
            live: Stays, as it is in memory without any pin.

        Returns:
            Whether there was one.
        """
        with self._lock:
            held = [pin for pin in self._pins if pin.model and pin.model.bundle is not live]
            oldest = held[0].model if held else None
            if oldest is None:
                return False
            for pin in held:
                if pin.model and pin.model.bundle is oldest.bundle:
                    del self._pins[pin]
                    pin.retire()
            return True
