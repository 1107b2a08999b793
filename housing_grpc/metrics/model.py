"""Tells which model is live, and how reloads ended."""

import threading

from housing_grpc.base.errors import Area, Reason
from housing_grpc.metrics.catalogue import LOADED, MODEL_INFO
from housing_grpc.metrics.state import State
from housing_grpc.metrics.tally import Tally
from housing_grpc.model.live import LiveModel
from housing_grpc.model.rolled_back import Cause

CHANGED = "changed"
UNCHANGED = "unchanged"

# Every way in which a reload can end. All are counted from zero on, as a series that first appears
# at one has no increase() for Prometheus.
RELOAD_RESULTS: tuple[str, ...] = (
    CHANGED,
    UNCHANGED,
    *(reason for reason in Reason if reason.area is Area.MODEL),
)


class ModelMetrics:
    """Tells which model is live; from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reloads = Tally(RELOAD_RESULTS)
        self._rollbacks = Tally(Cause)
        self._state: State = {}

    def on_live(self, live: LiveModel) -> None:
        """Takes over what is known of a model that went live."""
        bundle = live.bundle
        about = bundle.metadata
        labels = (
            about.name, live.version, bundle.digest, about.model_type, about.preprocessing,
            bundle.evaluator,
        )  # fmt: skip
        with self._lock:
            self._state |= {
                MODEL_INFO: {labels: [1.0]},
                LOADED: {(): [live.facts.loaded_at.timestamp()]},
                "model_load_time_seconds": {(): [live.facts.load_seconds]},
                "housing_model_stale": {(): [float(live.facts.stale)]},
                "housing_model_generation": {(): [float(live.facts.generation)]},
            }

    def reload_ended(self, result: str) -> None:
        """Counts a reload.

        Args:
            result: CHANGED, UNCHANGED, or the reason why it failed.
        """
        self._reloads.add(result)

    def rolled_back(self, cause: Cause) -> None:
        """Counts a rollback."""
        self._rollbacks.add(cause)

    def state(self) -> State:
        """Returns all of it."""
        with self._lock:
            return {
                **self._state,
                "housing_model_reloads_total": self._reloads.series(),
                "housing_model_rollbacks_total": self._rollbacks.series(),
            }
