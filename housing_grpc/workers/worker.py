"""One worker: `python -m housing_grpc.workers.worker NUMBER CONTROL RATES`.

The supervisor starts it, gives it its settings and the model, and outlives it.
"""

import logging
import signal
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from queue import SimpleQueue

from housing_grpc.base import log
from housing_grpc.base.errors import Reason, ServingError, StartError, public_error
from housing_grpc.base.signals import HARD_EXIT_SECONDS, end, exit_hard_after
from housing_grpc.metrics.state import State
from housing_grpc.model.reload_manager import DryRun, Reloaded
from housing_grpc.model.source import Target
from housing_grpc.workers import protocol
from housing_grpc.workers.link import Link, LinkClosedError, Reply
from housing_grpc.workers.shared_rates import SharedRates
from housing_grpc.workers.worker_server import WorkerServer

# The supervisor keeps shorter limits to everything that a reload does.
_RELOAD_SECONDS = 300.0
# Without a supervisor nobody restarts, reloads or adds up: calls in flight may end, no more.
_ORPHAN_SECONDS = 1.0
_LAST_WORD_SECONDS = 2.0
_RETRY_SECONDS = 1.0

_logger = logging.getLogger(__name__)


class Worker:
    """Does what the supervisor says, in the order in which it says it.

    Args:
        number: Which of the workers it is.
        control: Its end of the link to the supervisor.
        rates: Shared by all workers.
    """

    def __init__(self, number: int, control: socket.socket, rates: SharedRates) -> None:
        self._number = number
        self._rates = rates
        self._server: WorkerServer | None = None
        self._stop_seconds = 0.0
        self._orders = ThreadPoolExecutor(1, "orders")
        # Whether there still is a supervisor, when the time has come to end.
        self._ends: SimpleQueue[bool] = SimpleQueue()
        self._link = Link(control, self._serve, lambda: self._ends.put(False))

    def run(self) -> int:
        """Serves until the supervisor or a signal says stop; returns the exit code."""
        signal.signal(signal.SIGTERM, lambda *_: self._ends.put(True))
        for number in (signal.SIGINT, signal.SIGHUP):  # These are the supervisor's.
            signal.signal(number, signal.SIG_IGN)
        self._link.start()
        supervised, server = self._ends.get(), self._server
        if server is None:
            return 1
        if not supervised:
            exit_hard_after(_ORPHAN_SECONDS + HARD_EXIT_SECONDS, lambda: None)
            log.event(_logger, logging.ERROR, "supervisor.gone")
            server.close(_ORPHAN_SECONDS)
            return 1
        exit_hard_after(self._stop_seconds, lambda: None)
        server.stop()
        with suppress(LinkClosedError):
            self._link.ask(protocol.Leaving(state=server.state()), _LAST_WORD_SECONDS)
        return 0

    def reload(self, target: Target) -> Reloaded:
        """Has the wanted model go live in all workers.

        Raises:
            ServingError: It cannot; all go on with the old one.
        """
        return self._change(protocol.Reload(version=target.version, alias=target.alias))

    def rollback(self) -> Reloaded:
        """Has the model before go live again in all workers.

        Raises:
            ServingError: It cannot; all go on with the new one.
        """
        return self._change(protocol.Rollback())

    def model_failed(self, generation: int) -> None:
        """Has the supervisor count that a model gave what is no price."""
        self._link.send(protocol.ModelFailed(generation=generation))

    def dry_run(self, target: Target) -> DryRun:
        """Has the supervisor say what a reload would do.

        Raises:
            ServingError: It could not be done.
        """
        question = protocol.Reload(version=target.version, alias=target.alias, dry_run=True)
        answer = self._ask(question)
        if not isinstance(answer, DryRun):
            raise TypeError(f"a dry run was answered with {type(answer).__name__}")
        return answer

    def total(self) -> State:
        """Returns what all workers have counted.

        Raises:
            ServingError: SERVER_STOPPING.
        """
        answer = self._ask(protocol.Total())
        if not isinstance(answer, protocol.Counted):
            raise TypeError(f"Total was answered with {type(answer).__name__}")
        return answer.state

    def _change(self, question: protocol.Reload | protocol.Rollback) -> Reloaded:
        answer = self._ask(question)
        if not isinstance(answer, Reloaded):
            raise TypeError(f"{type(question).__name__} was answered with {type(answer).__name__}")
        return answer

    def _ask(
        self, question: protocol.Reload | protocol.Rollback | protocol.Total
    ) -> protocol.Answer:
        try:
            answer = self._link.ask(question, _RELOAD_SECONDS)
        except LinkClosedError:
            raise ServingError(
                Reason.SERVER_STOPPING,
                "the server is stopping; ask another one",
                retry_seconds=_RETRY_SECONDS,
            ) from None
        if isinstance(answer, protocol.Failed):
            raise answer.error()
        return answer

    def _serve(self, question: protocol.Question, reply: Reply) -> None:
        # What takes its time must not hold up the others; and models come one after the other.
        if isinstance(question, protocol.Count):
            reply(protocol.Counted(state=self._server.state() if self._server else {}))
        else:
            self._orders.submit(self._obey, question, reply)

    def _obey(self, order: protocol.Question, reply: Reply) -> None:
        try:
            answer = self._do(order)
        except StartError as error:
            reply(protocol.Refused(message=str(error), exit_code=error.exit_code))
        except BaseException as error:  # noqa: BLE001 - the supervisor waits for an answer
            known = public_error(error)
            if known.reason is Reason.INTERNAL:
                log.event(_logger, logging.ERROR, "worker.failed", error=error)
            reply(protocol.Failed.of(known))
        else:
            reply(answer)

    def _do(self, order: protocol.Question) -> protocol.Answer:
        if isinstance(order, protocol.Configure):
            return self._configure(order)
        if self._server is None:
            raise RuntimeError("the first order is to configure")
        match order:
            case protocol.Listen():
                self._server.listen()
            case protocol.Prepare():
                return self._server.prepare(order)
            case protocol.Commit():
                self._server.commit(order)
            case protocol.Compare():
                self._server.compare(order.challenge)
            case protocol.Abort():
                self._server.abort()
            case protocol.Forget():
                self._server.forget()
            case protocol.Rekey():
                self._server.rekey(order.ring)
            case protocol.Stop():
                self._ends.put(True)
            case _:
                raise TypeError(f"a worker does not know {type(order).__name__}")
        return protocol.Done()

    def _configure(self, order: protocol.Configure) -> protocol.Configured:
        chosen = order.settings
        log.configure(chosen.log_level, chosen.log_format, worker=self._number)
        self._stop_seconds = chosen.drain_seconds + chosen.grace_seconds + HARD_EXIT_SECONDS
        # As by SIGTERM to it alone: calls on its other threads end in order.
        self._server = WorkerServer(
            order, self._rates, self, self.total, lambda: self._ends.put(True)
        )
        return protocol.Configured(fallbacks=self._server.fallbacks)


def main(arguments: list[str]) -> int:
    """Runs a worker on the file descriptors that it was given; returns the exit code."""
    number, control, rates = (int(each) for each in arguments)
    return Worker(number, socket.socket(fileno=control), SharedRates(rates)).run()


if __name__ == "__main__":
    end(main(sys.argv[1:]))
