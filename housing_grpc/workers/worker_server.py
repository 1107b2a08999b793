"""What one worker serves: the server without its source of models, which is the supervisor's."""

import logging
from collections.abc import Callable

from housing_grpc.base import log
from housing_grpc.bundle.format import BundleFiles
from housing_grpc.bundle.model import Bundle
from housing_grpc.metrics import tracing
from housing_grpc.metrics.state import State
from housing_grpc.model.challenge import Challenge
from housing_grpc.model.challenger_slot import ChallengerSlot
from housing_grpc.model.live import LiveSlot
from housing_grpc.receipts.keyring import ReceiptKeys
from housing_grpc.receipts.sealing import Seals
from housing_grpc.services.model_service import Reloads
from housing_grpc.serving import limits, start_checks, telemetry
from housing_grpc.serving.endpoint import Endpoint, EndpointParts
from housing_grpc.workers.protocol import Commit, Configure, KeyRing, Prepare, Prepared
from housing_grpc.workers.shared_rates import SharedRates

_TRACES_SECONDS = 1.0

_logger = logging.getLogger(__name__)


class WorkerServer:
    """Wired, and not listening yet.

    Args:
        order: The settings and the keys.
        rates: Shared by all workers.
        reloads: Has another model go live in all workers.
        total: Returns what all workers have counted.
        leave: Has another process take the place of this one.

    Raises:
        StartError: Certificates, or what traces are sent with, cannot be used.
    """

    def __init__(
        self,
        order: Configure,
        rates: SharedRates,
        reloads: Reloads,
        total: Callable[[], State],
        leave: Callable[[], None],
    ) -> None:
        self._settings = order.settings
        gauges: telemetry.Gauges = {}
        self._metrics = telemetry.metrics(gauges, order.settings)
        self._live_slot = LiveSlot(
            [self._metrics.on_live],
            most=order.settings.max_models,
            keeps_previous=bool(order.settings.probation_seconds),
        )
        self._challenger_slot = ChallengerSlot(self._live_slot)
        self._rates = rates
        self._tracing = tracing.from_environment()
        rates.assign(order.ring.places)
        self._receipt_keys = ReceiptKeys(_seals(order.ring))
        found = start_checks.find()
        self.fallbacks = found.fallbacks
        parts = EndpointParts(
            live_slot=self._live_slot,
            challenger_slot=self._challenger_slot,
            total=total,
            reloads=reloads,
            metrics=self._metrics,
            gauges=gauges,
            access=limits.access(order.settings, order.ring.keys, rates.cell),
            receipt_keys=self._receipt_keys,
            tracing=self._tracing,
            stuck=leave,
            start_checks=found,
        )
        self._endpoint = Endpoint(order.settings, parts, shared_port=True)

    def listen(self) -> None:
        """Takes the port and answers.

        Raises:
            StartError: The port cannot be had.
        """
        self._endpoint.bind()
        self._endpoint.start()

    def prepare(self, order: Prepare) -> Prepared:
        """Makes a bundle ready to go live, or to be compared with the one that is.

        Raises:
            BundleError: It cannot be served.
        """

        def load() -> Bundle:
            if order.metadata is None:
                raise RuntimeError("the bundle is not in memory")
            files = BundleFiles(metadata=order.metadata, blobs=order.blobs, digest=order.digest)
            bundle = Bundle(files)
            # As a server without workers does.
            bundle.self_test(explain=self._live_slot.live() is None)
            return bundle

        slot = self._challenger_slot if order.beside else self._live_slot
        bundle = slot.prepare(order.digest, load)
        return Prepared(evaluator=bundle.evaluator)

    def commit(self, order: Commit) -> None:
        """Lets what was made ready go live."""
        self._live_slot.commit(order.facts)
        self._endpoint.serving()

    def compare(self, challenge: Challenge) -> None:
        """Compares what was made ready beside the live model with that."""
        self._challenger_slot.challenge_with(challenge)

    def abort(self) -> None:
        """Drops what was made ready."""
        self._challenger_slot.abort()
        self._live_slot.abort()

    def forget(self) -> None:
        """Lets go of the model before."""
        self._live_slot.forget()

    def rekey(self, ring: KeyRing) -> None:
        """Takes other keys from now on."""
        self._rates.assign(ring.places)
        if ring.keys is not None:
            self._endpoint.replace_keys(ring.keys)
        self._receipt_keys.replace(_seals(ring))

    def state(self) -> State:
        """Returns all that it has counted."""
        return self._metrics.state()

    def stop(self) -> None:
        """Tells probes first, then refuses new calls and lets those in flight finish."""
        self._endpoint.drain()
        self.close(self._settings.grace_seconds)

    def close(self, grace_seconds: float) -> None:
        """Refuses new calls, and ends those in flight when the time is up."""
        self._endpoint.close(self._endpoint.refuse(grace_seconds))
        if self._tracing is not None:
            self._tracing.close(_TRACES_SECONDS)
        log.event(_logger, logging.INFO, "worker.stopped")


def _seals(ring: KeyRing) -> Seals | None:
    return None if ring.receipt_keys is None else Seals(ring.receipt_keys)
