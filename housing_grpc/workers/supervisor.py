"""The supervisor: several processes as one server."""

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import msgspec

from housing_grpc.access import key_file
from housing_grpc.access.callers import Key
from housing_grpc.access.key_file import KeysError
from housing_grpc.base import log
from housing_grpc.base.errors import EXIT_SETTINGS, ServingError, StartError, public_error
from housing_grpc.base.signals import HARD_EXIT_SECONDS
from housing_grpc.base.worker_slot import WorkerSlot
from housing_grpc.bundle.errors import BundleError
from housing_grpc.metrics.model import ModelMetrics
from housing_grpc.metrics.runtime import Runtime
from housing_grpc.metrics.state import State
from housing_grpc.model.live import Release
from housing_grpc.model.source import Target
from housing_grpc.serving import limits, model_supply, receipt_keys
from housing_grpc.serving.model_supply import ModelSupply
from housing_grpc.settings import Settings, processes
from housing_grpc.workers import protocol, shared_rates
from housing_grpc.workers.fleet import Fleet
from housing_grpc.workers.link import Reply
from housing_grpc.workers.metrics_sum import MetricsSum
from housing_grpc.workers.ports import SharedPort
from housing_grpc.workers.protocol import KeyRing
from housing_grpc.workers.worker_handle import WorkerHandle

_ANONYMOUS = ""
# Of the reloads that workers hand on, one runs and the others are refused at once.
_THREADS = 8
_START_SECONDS = 90.0
_KILLED_SECONDS = 5.0

_logger = logging.getLogger(__name__)


class Supervisor:
    """Says which model is live, and keeps workers alive that serve it; serves no call itself.

    Args:
        chosen: The settings.

    Raises:
        StartError: A port is taken, or keys cannot be used.
    """

    def __init__(self, chosen: Settings) -> None:
        self._settings = chosen
        verifier = model_supply.verifier(chosen)
        self._places = shared_rates.Places()
        seals = receipt_keys.load(chosen)
        found = limits.configured_keys(chosen)
        self._ring = KeyRing(
            keys=found,
            places=self._places_of(found),
            receipt_keys=None if seals is None else seals.keys,
        )
        self._ports = [SharedPort(chosen.grpc_host, chosen.grpc_port, "GRPC_PORT or GRPC_HOST")]
        if chosen.health_port:
            self._ports.append(SharedPort(chosen.grpc_host, chosen.health_port, "HEALTH_PORT"))
        self.port = self._ports[0].number
        self._rates = shared_rates.make()
        self._model, self._runtime = ModelMetrics(), Runtime()
        # The keys come from here: a worker that starts later must not read others.
        told_settings = msgspec.structs.replace(
            chosen, grpc_port=self.port, api_key="", api_keys_file="", receipt_keys_file=""
        )
        count = processes(chosen)
        self._fleet = Fleet(
            told_settings, self._ring, verifier, ready=self._await_first, count=count
        )
        self._totals = MetricsSum(self._own_state, self._fleet.workers)
        self._supply = ModelSupply(
            chosen,
            self._fleet,
            verifier,
            on_reload=self._model.reload_ended,
            on_rollback=self._model.rolled_back,
        )
        self._questions = ThreadPoolExecutor(_THREADS, "questions")
        self._stopping = threading.Event()
        self._slots = [
            WorkerSlot(
                number,
                launch=self._launch,
                admit=self._fleet.admit,
                left=self._left,
                stopping=self._stopping,
            )
            for number in range(1, count + 1)
        ]

    def start(self) -> Release:
        """Starts the workers, and makes the first model live in them.

        Raises:
            StartError: There is no model to serve, or the workers cannot.
        """
        for slot in self._slots:
            slot.start()
        return self._supply.start()

    def state(self) -> State:
        """Returns all that the workers have counted, those included that are gone."""
        return self._totals.state()

    def reload_keys(self) -> None:
        """Has all workers take the keys that are configured now; on any fault none does."""
        seals = receipt_keys.load_again(self._settings)
        if seals is not None:
            self._rekey(receipt_keys=seals.keys)
        try:
            found = key_file.load(self._settings.api_key, self._settings.api_keys_file)
            places = self._places_of(found)
        except (KeysError, StartError) as error:
            log.event(_logger, logging.ERROR, "keys.kept", reason=str(error))
            return
        if found is not None:
            self._rekey(keys=found, places=places)
            log.event(_logger, logging.INFO, "keys.reloaded", keys=len(found))

    def stop(self) -> bool:
        """Has all workers drain and end; returns whether they did so in time."""
        drain, grace = self._settings.drain_seconds, self._settings.grace_seconds
        log.event(_logger, logging.INFO, "server.draining", seconds=drain)
        until = time.monotonic() + drain + grace + HARD_EXIT_SECONDS
        self._stopping.set()
        self._fleet.stop()
        threading.Event().wait(drain)
        self._supply.stop()
        ended = [slot.join(until - time.monotonic()) for slot in self._slots]
        in_order = all(ended) and not any(slot.exit_code for slot in self._slots)
        self._end()
        return in_order

    def close(self, grace_seconds: float) -> None:  # noqa: ARG002 - no worker serves calls yet
        """Ends all workers at once: for a start that failed."""
        self._stopping.set()
        self._fleet.stop()
        self._supply.stop()
        self._end()

    def abandon(self) -> None:
        """Ends the workers at once; also from a signal's handler."""
        for slot in self._slots:
            slot.kill()

    def _end(self) -> None:
        self.abandon()
        for slot in self._slots:
            slot.join(_KILLED_SECONDS)
        self._questions.shutdown(wait=False)
        for port in self._ports:
            port.close()

    def _launch(self, number: int) -> WorkerHandle:
        return WorkerHandle(number, self._rates, self._asked, self._fleet.left)

    def _left(self, worker: WorkerHandle) -> None:
        self._fleet.left(worker)
        self._totals.gone(worker)

    def _await_first(self) -> None:
        until = time.monotonic() + _START_SECONDS
        for slot in self._slots:
            try:
                slot.first.result(max(until - time.monotonic(), 0))
            except TimeoutError:
                raise StartError("the workers did not start in time", 1) from None

    def _rekey(self, **changed: object) -> None:
        self._ring = msgspec.structs.replace(self._ring, **changed)
        self._fleet.rekey(self._ring)

    def _places_of(self, found: tuple[Key, ...] | None) -> dict[str, int]:
        names = {key.name for key in found or ()}
        try:
            return self._places.of({_ANONYMOUS, *names})
        except ValueError as error:
            raise StartError(f"API_KEYS_FILE: {error}", EXIT_SETTINGS) from error

    def _own_state(self) -> State:
        return {**self._runtime.state(), **self._model.state()}

    def _asked(self, worker: WorkerHandle, question: protocol.Question, reply: Reply) -> None:
        if isinstance(question, protocol.ModelFailed):
            self._supply.manager.model_failed(question.generation)
            reply(protocol.Done())
            return
        self._questions.submit(self._answer, worker, question, reply)

    def _answer(self, worker: WorkerHandle, question: protocol.Question, reply: Reply) -> None:
        if isinstance(question, protocol.Leaving):
            self._totals.note(worker, question.state)
            reply(protocol.Done())
        elif isinstance(question, protocol.Total):
            reply(protocol.Counted(state=self._totals.state()))
        elif isinstance(question, protocol.Reload | protocol.Rollback):
            reply(self._change(question))

    def _change(self, asked: protocol.Reload | protocol.Rollback) -> protocol.Answer:
        manager = self._supply.manager
        try:
            if isinstance(asked, protocol.Rollback):
                return manager.rollback()
            target = Target(version=asked.version, alias=asked.alias)
            return manager.dry_run(target) if asked.dry_run else manager.reload(target)
        except (ServingError, BundleError) as error:
            return protocol.Failed.of(public_error(error))
        except Exception as error:  # noqa: BLE001 - the caller gets INTERNAL, the log the rest
            log.event(_logger, logging.ERROR, "reload.fault", error=error)
            return protocol.Failed.of(public_error(error))
