"""The composition root: one process that loads the model and serves it."""

import logging

from housing_grpc.access import key_file
from housing_grpc.access.key_file import KeysError
from housing_grpc.base import log
from housing_grpc.metrics.state import State
from housing_grpc.metrics.tracing import Tracing
from housing_grpc.model.activation import LocalActivator
from housing_grpc.model.challenger_slot import ChallengerSlot
from housing_grpc.model.live import LiveSlot, Release
from housing_grpc.receipts.keyring import ReceiptKeys
from housing_grpc.serving import limits, model_supply, receipt_keys, start_checks, telemetry
from housing_grpc.serving.endpoint import Endpoint, EndpointParts
from housing_grpc.serving.model_supply import ModelSupply
from housing_grpc.settings import Settings

_TRACES_SECONDS = 1.0

_logger = logging.getLogger(__name__)


class HousingServer:
    """A server, wired and bound to its port.

    Args:
        chosen: The settings.
        tracing: Makes spans of calls; None for none.

    Raises:
        StartError: A port is taken, or keys or certificates cannot be used.
    """

    def __init__(self, chosen: Settings, tracing: Tracing | None = None) -> None:
        self._settings = chosen
        self._tracing = tracing
        gauges: telemetry.Gauges = {}
        self.metrics = telemetry.metrics(gauges, chosen)
        live_slot = LiveSlot(
            [self.metrics.on_live],
            most=chosen.max_models,
            keeps_previous=bool(chosen.probation_seconds),
        )
        challenger_slot = ChallengerSlot(live_slot)
        verifier = model_supply.verifier(chosen)
        self._supply = ModelSupply(
            chosen,
            LocalActivator(live_slot, challenger_slot, verifier, max_bytes=chosen.max_bundle_bytes),
            verifier,
            on_reload=self.metrics.model.reload_ended,
            on_rollback=self.metrics.model.rolled_back,
        )
        self._receipt_keys = ReceiptKeys(receipt_keys.load(chosen))
        parts = EndpointParts(
            live_slot=live_slot,
            challenger_slot=challenger_slot,
            total=self.metrics.state,
            reloads=self._supply.manager,
            metrics=self.metrics,
            gauges=gauges,
            access=limits.access(chosen, limits.configured_keys(chosen)),
            receipt_keys=self._receipt_keys,
            tracing=tracing,
            start_checks=start_checks.find(),
        )
        self._fallbacks = parts.start_checks.fallbacks
        self._endpoint = Endpoint(chosen, parts)
        self.port = self._endpoint.bind()

    def start(self) -> Release:
        """Answers probes at once, and calls as soon as a model is live.

        Raises:
            StartError: There is no model to serve.
        """
        self._endpoint.start()
        live = self._supply.start()
        for fallback in self._fallbacks:
            fallback.warn()
        self._endpoint.serving()
        return live

    def state(self) -> State:
        """Returns all that it has counted."""
        return self.metrics.state()

    def stop(self) -> bool:
        """Tells probes first, then refuses new calls and lets those in flight finish."""
        self._endpoint.drain()
        self.close(self._settings.grace_seconds)
        if self._tracing is not None:
            self._tracing.close(_TRACES_SECONDS)
        return True

    def abandon(self) -> None:
        """Does nothing: all that this process starts ends by itself."""

    def close(self, grace_seconds: float) -> None:
        """Refuses new calls, and ends those in flight when the time is up."""
        ended = self._endpoint.refuse(grace_seconds)
        self._supply.stop()
        self._endpoint.close(ended)

    def reload_keys(self) -> None:
        """Takes the keys that are configured now; on any fault the previous ones stay."""
        if (seals := receipt_keys.load_again(self._settings)) is not None:
            self._receipt_keys.replace(seals)
        try:
            found = key_file.load(self._settings.api_key, self._settings.api_keys_file)
        except KeysError as error:
            log.event(_logger, logging.ERROR, "keys.kept", reason=str(error))
            return
        if found is not None:
            self._endpoint.replace_keys(found)
            log.event(_logger, logging.INFO, "keys.reloaded", keys=len(found))
