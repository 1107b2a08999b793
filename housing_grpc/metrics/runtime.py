"""What the process takes of the machine, from prometheus_client's own collectors."""

from prometheus_client import CollectorRegistry
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from housing_grpc.metrics.state import State


class Runtime:
    """Memory, processor time, open files, garbage collection and versions of this process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)

    def state(self) -> State:
        """Returns all of it as of now."""
        state: State = {}
        for family in self._registry.collect():
            for sample in family.samples:
                labels = tuple(sample.labels.values())
                state.setdefault(sample.name, {})[labels] = [float(sample.value)]
        return state
