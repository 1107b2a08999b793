"""A manager whose models go live in this process."""

from collections.abc import Callable, Sequence
from pathlib import Path

from housing_grpc.challenger.traffic_split import Split
from housing_grpc.model.activation import LocalActivator
from housing_grpc.model.challenger_slot import ChallengerSlot
from housing_grpc.model.live import LiveModel, LiveSlot
from housing_grpc.model.reload_manager import Reloaded, ReloadManager
from housing_grpc.model.source import Source, Target


class ModelManager:
    """Has models go live in this process alone, as the server in one process does.

    Args:
        source: Where bundles come from.
        trial: Loads a bundle where a crash does no harm, before it is loaded here.
        on_live: Called with each model after it went live.
        on_reload: Called with "changed", "unchanged" or the reason after each reload.
        most: Most models in memory.
        probation_seconds: For so long after a change of model the one before is kept.

    Attributes:
        manager: The manager itself.
        split: Has it answer all calls.
    """

    def __init__(
        self,
        source: Source,
        *,
        trial: Callable[[Path], None],
        on_live: Sequence[Callable[[LiveModel], None]] = (),
        on_reload: Callable[[str], None] = lambda _: None,
        most: int = 2,
        probation_seconds: float = 0,
    ) -> None:
        self._live_slot = LiveSlot(on_live, most=most, keeps_previous=bool(probation_seconds))
        challenger_slot = ChallengerSlot(self._live_slot)
        self.split = Split(challenger_slot)
        activator = LocalActivator(self._live_slot, challenger_slot, None)
        self.manager = ReloadManager(
            source, activator, trial=trial, probation_seconds=probation_seconds, on_reload=on_reload
        )

    def start(self) -> LiveModel:
        """Makes the first model live, and returns it."""
        self.manager.start()
        return self.current()

    def current(self) -> LiveModel:
        """Returns the live model."""
        return self._live_slot.current()

    def version(self) -> str:
        """Returns the version that serves."""
        return self.manager.version()

    def reload(self, target: Target) -> Reloaded:
        """Makes the wanted model live."""
        return self.manager.reload(target)
