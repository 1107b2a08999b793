"""A worker as the supervisor has it: a process and the link to it."""

import socket
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Future, wait

from housing_grpc.base.child_environment import SERVING, inherited
from housing_grpc.base.errors import StartError
from housing_grpc.workers import protocol
from housing_grpc.workers.link import Link, Reply, answer_of
from housing_grpc.workers.protocol import Answer, Order, Question

_MODULE = "housing_grpc.workers.worker"


class WorkerHandle:
    """Starts a process that serves, gives it orders, and notices its end.

    Args:
        number: Its place among the workers, from 1 on; it stays when another takes over.
        rates: File descriptor of the memory that all share.
        serve: Called with what it asks.
        closed: Called when it is gone, or nearly.
    """

    def __init__(
        self,
        number: int,
        rates: int,
        serve: Callable[["WorkerHandle", Question, Reply], None],
        closed: Callable[["WorkerHandle"], None],
    ) -> None:
        self.number = number
        ours, theirs = socket.socketpair()
        with theirs:
            descriptors = theirs.fileno(), rates
            # A new process and not a fork: gRPC does not survive one.
            self._process = subprocess.Popen(
                [sys.executable, "-m", _MODULE, str(number), *map(str, descriptors)],
                pass_fds=descriptors,
                stdin=subprocess.DEVNULL,
                env=inherited(SERVING),
                # Ctrl-C reaches a whole process group; this one does not belong to it.
                process_group=0,
            )
        self._link = Link(
            ours,
            lambda question, reply: serve(self, question, reply),
            lambda: closed(self),
        )
        self._link.start()

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def send(self, order: Order) -> "Future[Answer]":
        """Gives an order; the future has the answer."""
        return self._link.send(order)

    def obey(self, order: Order, seconds: float) -> Answer:
        """Gives an order, waits until it is done, and returns the answer.

        Raises:
            LinkClosedError: It is not done in time, or the process is gone.
            ServingError: It cannot be done.
            StartError: The worker cannot serve at all.
        """
        return check(answer_of(self.send(order), seconds))

    def silent(self, seconds: float) -> bool:
        """Returns whether it is there, and answers nothing for so long."""
        return not wait([self.send(protocol.Count())], seconds).done

    def ended(self, seconds: float) -> int | None:
        """Waits for the end of the process, for so long at most.

        Returns:
            The exit code, negative for a signal; None if it has not ended.
        """
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def kill(self) -> None:
        """Ends the process at once; also from a signal's handler."""
        self._process.kill()


def check(answer: Answer) -> Answer:
    """Returns an answer, or raises the error that it carries.

    Raises:
        ServingError: The order cannot be done.
        StartError: The worker cannot serve at all.
    """
    if isinstance(answer, protocol.Failed):
        raise answer.error()
    if isinstance(answer, protocol.Refused):
        raise StartError(answer.message, answer.exit_code)
    return answer
