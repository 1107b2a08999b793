"""All metrics of one server."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from housing_grpc.metrics.calls import CallMetrics, Method
from housing_grpc.metrics.experiment import ExperimentMetrics
from housing_grpc.metrics.explanations import ExplanationMetrics
from housing_grpc.metrics.feedback import FeedbackMetrics
from housing_grpc.metrics.model import ModelMetrics
from housing_grpc.metrics.predictions import PredictionMetrics
from housing_grpc.metrics.runtime import Runtime
from housing_grpc.metrics.state import State
from housing_grpc.metrics.tally import Tally
from housing_grpc.model.live import LiveModel

Gauge = Callable[[], float | None]


class ServerMetrics:
    """All metrics of one server; several servers of one process share nothing.

    Args:
        methods: Whose calls are counted.
        predictions: Full name of the service whose methods predict.
        version: Of the server.
        rejections: Reasons for which calls are turned away.
        gauges: Asked at each scrape, by name; None is not shown.
    """

    def __init__(
        self,
        methods: Sequence[Method],
        *,
        predictions: str,
        version: str,
        rejections: Iterable[str] = (),
        gauges: Mapping[str, Gauge],
    ) -> None:
        self.calls = CallMetrics(methods, predictions=predictions)
        self.experiment = ExperimentMetrics()
        self.predictions = PredictionMetrics(self.experiment.shadow.offer)
        self.explanations = ExplanationMetrics()
        self.feedback = FeedbackMetrics()
        self.model = ModelMetrics()
        self._rejected = Tally(rejections)
        self._stuck, self._stuck_now = 0, 0
        self._runtime = Runtime()
        self._version = version
        self._gauges = gauges

    def on_live(self, live: LiveModel) -> None:
        """Takes over a model that went live."""
        self.model.on_live(live)
        self.predictions.on_live(live.bundle)

    def rejected(self, reason: str) -> None:
        """Counts a call that was turned away."""
        self._rejected.add(reason)

    def stuck(self, evaluations: int) -> None:
        """Counts evaluations that never end.

        Args:
            evaluations: How many there are now.
        """
        self._stuck += max(evaluations - self._stuck_now, 0)
        self._stuck_now = evaluations

    def state(self) -> State:
        """Returns all counts and gauges as of now."""
        gauges = {name: ask() for name, ask in self._gauges.items()}
        return {
            **self.calls.state(),
            **self.predictions.state(),
            **self.explanations.state(),
            **self.feedback.state(),
            **self.experiment.state(),
            **self.model.state(),
            **self._runtime.state(),
            **{name: {(): [float(v)]} for name, v in gauges.items() if v is not None},
            "housing_rejected_total": self._rejected.series(),
            "housing_stuck_evaluations_total": {(): [float(self._stuck)]},
            "housing_build_info": {(self._version,): [1.0]},
        }
