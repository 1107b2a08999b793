"""From a state to the families of prometheus_client."""

from collections.abc import Callable, Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from housing_grpc.base.metric_family import Family
from housing_grpc.metrics import drift, experiment
from housing_grpc.metrics.catalogue import (
    DOCUMENTED,
    DRIFT_PSI,
    DRIFT_ROWS,
    DRIFT_WINDOW,
    EXPECTED_MAE,
    JOINT_DRIFT,
    P_WINDOW,
    SHADOW_SUMS,
    WIDTH_WINDOW,
)
from housing_grpc.metrics.state import Series, State


def registry(source: Callable[[], State]) -> CollectorRegistry:
    """Returns a registry of its own that shows what a source says at each scrape."""
    made = CollectorRegistry()
    made.register(_StateCollector(source))
    return made


def families(state: State) -> Iterator[Metric]:
    """Gives every family of the catalogue that the state has something of."""
    window = state.get(DRIFT_WINDOW, {})
    shown: State = {
        **state,
        DRIFT_PSI: drift.indices(window),
        DRIFT_ROWS: {(): [drift.rows(window)]},
        JOINT_DRIFT: drift.joint(state.get(P_WINDOW, {})),
        **experiment.shadow_state(state.get(SHADOW_SUMS, {})),
        EXPECTED_MAE: drift.expected_error(state.get(WIDTH_WINDOW, {})),
    }
    for family in DOCUMENTED:
        if series := shown.get(family.name):
            yield _family(family, series)


class _StateCollector(Collector):
    def __init__(self, source: Callable[[], State]) -> None:
        self._source = source

    def describe(self) -> Iterator[Metric]:
        """Gives the names, without asking the source."""
        for family in DOCUMENTED:
            yield _family(family, {})

    def collect(self) -> Iterator[Metric]:
        return families(self._source())


def _family(family: Family, series: Series) -> Metric:
    if family.kind == "histogram":
        return _histogram(family, series)
    made: CounterMetricFamily | GaugeMetricFamily
    if family.kind == "counter":
        made = CounterMetricFamily(family.name, family.help, labels=family.labels)
    else:
        made = GaugeMetricFamily(family.name, family.help, labels=family.labels)
    for labels, numbers in series.items():
        made.add_metric(labels, numbers[0])
    return made


def _histogram(family: Family, series: Series) -> Metric:
    made = HistogramMetricFamily(family.name, family.help, labels=family.labels)
    bounds = [*map(floatToGoString, family.buckets), "+Inf"]
    for labels, (*counts, total) in series.items():
        buckets = list(zip(bounds, accumulate(counts), strict=True))
        made.add_metric(labels, buckets, sum_value=total)
    return made
