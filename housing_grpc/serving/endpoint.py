"""The gRPC side of a serving process: methods, keys, limits, health, on their ports."""

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import grpc

from housing_grpc.access.callers import Access, Key
from housing_grpc.base import log
from housing_grpc.calls import health
from housing_grpc.calls.admission import Admission
from housing_grpc.calls.call_end import CallEnd
from housing_grpc.calls.health import Health
from housing_grpc.calls.metadata_limit import MetadataLimit
from housing_grpc.calls.stream_slots import StreamSlots
from housing_grpc.challenger.rivals import Rivals
from housing_grpc.challenger.traffic_split import Split
from housing_grpc.feedback.service import FeedbackServicer
from housing_grpc.metrics.call_observer import CallObserver
from housing_grpc.metrics.server_metrics import ServerMetrics
from housing_grpc.metrics.state import State
from housing_grpc.metrics.tracing import Tracing
from housing_grpc.model.challenger_slot import ChallengerSlot
from housing_grpc.model.live import LiveModel, LiveSlot
from housing_grpc.oip import messages
from housing_grpc.oip.servicer import InferenceServicer
from housing_grpc.oip.unimplemented import Unimplemented
from housing_grpc.receipts.keyring import ReceiptKeys
from housing_grpc.services.evaluation_watchdog import Watchdog
from housing_grpc.services.experiment_service import ExperimentServicer
from housing_grpc.services.explainer import Explainer
from housing_grpc.services.model_service import ModelServicer, Reloads
from housing_grpc.services.open_streams import OpenStreams
from housing_grpc.services.predict_stream import StreamScorer
from housing_grpc.services.prediction_service import PredictionServicer
from housing_grpc.services.receipts import Receipts
from housing_grpc.services.scorer import Scorer
from housing_grpc.serving import limits, listen, reflection, routes, telemetry
from housing_grpc.serving.experiment import Experiment
from housing_grpc.serving.feedback import Feedback
from housing_grpc.serving.routes import ServiceSpec
from housing_grpc.serving.start_checks import StartChecks
from housing_grpc.settings import Settings, processes

_logger = logging.getLogger(__name__)


def _stay() -> None:
    """Lets a process whose evaluations are stuck go on: they may come to their end."""


@dataclass(frozen=True, kw_only=True)
class EndpointParts:
    """What an endpoint is wired from.

    Attributes:
        live_slot: Holds the live model.
        challenger_slot: Holds the one that is compared with it.
        total: Returns what all processes of this server have counted.
        reloads: Changes it.
        metrics: Counts what is served.
        gauges: Of the metrics; filled here.
        access: Who may call what.
        receipt_keys: Seal receipts and open them.
        tracing: Makes spans of calls; None for none.
        stuck: Called when evaluations of the model never end.
        start_checks: What this process can do fast.
    """

    live_slot: LiveSlot
    challenger_slot: ChallengerSlot
    total: Callable[[], State]
    reloads: Reloads
    metrics: ServerMetrics
    gauges: telemetry.Gauges
    access: Access
    receipt_keys: ReceiptKeys
    tracing: Tracing | None
    start_checks: StartChecks
    stuck: Callable[[], None] = _stay


class Endpoint:
    """Serves calls with whatever model is live.

    Args:
        chosen: The settings.
        parts: What it is wired from.
        shared_port: Whether other processes of this server listen on the same ports.

    Raises:
        StartError: The certificates, or the store of outcomes, cannot be used.
    """

    def __init__(
        self, chosen: Settings, parts: EndpointParts, *, shared_port: bool = False
    ) -> None:
        self._settings = chosen
        self._parts = parts
        self._access = parts.access
        self._certificates = limits.certificates(chosen)
        self._feedback = Feedback(chosen, parts.live_slot.live, parts.metrics.feedback)
        self._experiment = Experiment(
            parts.challenger_slot, parts.live_slot, parts.metrics.experiment, parts.total,
            self._feedback.store,
        )  # fmt: skip
        self._split = Split(parts.challenger_slot, parts.metrics.experiment.answered)
        self._metadata_limit = MetadataLimit(chosen.max_metadata_bytes)
        self._options = limits.options(chosen, shared_port=shared_port)
        self._names = tuple(each.full_name for each in routes.descriptors(chosen))
        threadless_waits = parts.start_checks.threadless_waits
        self._health = Health(self._names, threadless_waits=threadless_waits)
        self._workers = routes.Workers(chosen, threadless_waits=threadless_waits)
        self._watchdog = Watchdog(chosen.max_call_seconds, self._stuck)
        explainer = Explainer(
            parts.metrics.explanations,
            self._watchdog,
            seconds=chosen.max_explain_seconds,
            workers=chosen.grpc_workers,
        )
        scorer = Scorer(
            parts.metrics.predictions,
            self._watchdog,
            explainer,
            Receipts(parts.receipt_keys),
            failed=self._model_failed,
        )
        self._streams = OpenStreams(limits.stream_limits(chosen))
        self._room = StreamSlots(chosen.max_streams, chosen.max_streams_per_key)
        parts.gauges.update(telemetry.gauges(self._workers, self._room, self._certificates))
        self._server = self._build(parts, scorer)
        self._probes: grpc.Server | None = None

    def bind(self) -> int:
        """Takes the ports; returns that of the calls.

        Raises:
            StartError: A port is taken, or the address is not this machine's.
        """
        chosen = self._settings
        # guard: a file for a probe
        limits.allow_files(chosen)
        credentials = self._certificates.credentials() if self._certificates else None
        try:
            port = listen.bind(self._server, chosen.grpc_host, chosen.grpc_port, credentials)
        except RuntimeError as error:
            raise listen.taken(
                chosen.grpc_host, chosen.grpc_port, "GRPC_PORT or GRPC_HOST"
            ) from error
        self._probes = self._bind_probes()
        return port

    def start(self) -> None:
        """Answers probes at once, and calls as soon as a model is live."""
        self._watchdog.start()
        self._feedback.start()
        self._experiment.start()
        self._server.start()
        if self._probes is not None:
            self._probes.start()

    def serving(self) -> None:
        """Tells probes that a model is live."""
        self._health.serving()

    def drain(self) -> None:
        """Tells probes that no more calls are wanted, and gives them time to hear of it."""
        self._health.stopping()
        log.event(_logger, logging.INFO, "server.draining", seconds=self._settings.drain_seconds)
        threading.Event().wait(self._settings.drain_seconds)

    def refuse(self, grace_seconds: float) -> threading.Event:
        """Refuses new calls; the event is set when those in flight have ended.

        Args:
            grace_seconds: Then they are ended.
        """
        return self._server.stop(grace_seconds)

    def close(self, ended: threading.Event) -> None:
        """Ends streams after the chunk they are at, waits for calls, and ends the threads.

        Args:
            ended: From `refuse`.
        """
        self._streams.stop()
        for conversing in (self._workers.relay, self._workers.reflection):
            conversing.end_waits()
        self._health.end_watches()
        ended.wait()
        if self._probes is not None:
            self._probes.stop(None).wait()
        self._watchdog.close()
        self._workers.stop()
        self._experiment.close()
        self._feedback.close()
        self._health.close()

    def replace_keys(self, found: Iterable[Key]) -> None:
        """Takes other keys from now on."""
        self._access.replace(found)

    def _stuck(self, threads: int) -> None:
        # guard: a model that spins
        self._health.stuck(threads > 0)
        self._parts.metrics.stuck(threads)
        version = self._parts.live_slot.version()
        if not threads:
            log.event(_logger, logging.WARNING, "model.recovered", model_version=version)
            return
        log.event(
            _logger, logging.ERROR, "model.stuck",
            threads=threads, seconds=self._settings.max_call_seconds, model_version=version,
        )  # fmt: skip
        # guard: a worker whose model spins is replaced
        self._parts.stuck()

    def _model_failed(self, live: LiveModel) -> None:
        # Without a model to go back to, nobody need count; and a challenger is not gone back from.
        if not live.challenges and self._parts.live_slot.previous is not None:
            self._parts.reloads.model_failed(live.facts.generation)

    def _build(self, parts: EndpointParts, scorer: Scorer) -> grpc.Server:
        chosen, live_slot, metrics = self._settings, parts.live_slot, parts.metrics
        observer = CallObserver(
            routes.descriptors(chosen), metrics.calls, parts.tracing, live_slot.version
        )
        call_end = CallEnd(live_slot.version, observer, rejected=metrics.rejected)
        streams = StreamScorer(live_slot, self._split, live_slot.pins, scorer, self._streams)
        prediction = PredictionServicer(live_slot, self._split, streams, scorer)
        served = routes.services(
            prediction,
            ModelServicer(live_slot, parts.reloads, explain_seconds=chosen.max_explain_seconds),
            FeedbackServicer(
                self._feedback.store,
                parts.receipt_keys,
                live_slot,
                days=chosen.feedback_days,
                measuring=self._feedback.measuring,
                expected_mae=metrics.predictions.expected_mae,
                rivals=Rivals(parts.challenger_slot),
                observer=metrics.feedback,
            ),
            ExperimentServicer(self._experiment.reporter),
            streams=self._room,
            workers=self._workers,
            chosen=chosen,
        )
        if chosen.speaks_oip:
            served += self._inference(live_slot, scorer)
        table = routes.build(served, self._workers.stream, call_end)
        server = grpc.server(self._workers.predict, options=self._options)
        limit = self._metadata_limit
        admission = Admission(table, parts.access, call_end, metadata_limit=limit)
        others = [
            self._health.handler(),
            routes.relay(table, admission, call_end, self._workers.relay, processes(chosen)),
        ]
        if chosen.reflection_enabled:
            names, described = (*self._names, routes.RELAY.full_name, health.SERVICE), messages.POOL
            others += reflection.handlers(names, self._workers.reflection, described)
        others.append(Unimplemented(off=not chosen.speaks_oip))
        server.add_generic_rpc_handlers((admission, *map(limit.around, others)))
        return server

    def _inference(self, live_slot: LiveSlot, scorer: Scorer) -> tuple[ServiceSpec, ...]:
        chosen = self._settings
        servicer = InferenceServicer(
            live_slot,
            scorer,
            self._streams,
            is_serving=self._health.is_serving,
            most_rows=chosen.max_batch_rows,
        )
        return routes.inference(servicer, self._room, self._workers, self._health.pool, chosen)

    def _bind_probes(self) -> grpc.Server | None:
        chosen = self._settings
        if not chosen.health_port:
            return None
        server = grpc.server(self._health.pool, options=self._options)
        handler = self._metadata_limit.around(self._health.handler())
        server.add_generic_rpc_handlers((handler,))
        try:
            listen.bind(server, chosen.grpc_host, chosen.health_port)
        except RuntimeError as error:
            raise listen.taken(chosen.grpc_host, chosen.health_port, "HEALTH_PORT") from error
        return server
