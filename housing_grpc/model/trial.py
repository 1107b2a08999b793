"""Tries a bundle before it is served."""

import logging
from pathlib import Path

from housing_grpc.base import log
from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.bundle import files
from housing_grpc.bundle.signature import Verifier
from housing_grpc.model.child_processes import ChildCrashError, Children, ChildTimeoutError

_CHILD = "housing_grpc.bundle.trial_child"
_TRIAL_SECONDS = 60.0
_RETRY_SECONDS = 5.0

_logger = logging.getLogger(__name__)


class Trial:
    """Loads a bundle in a child, so that one which crashes does not crash the server.

    Args:
        children: Runs it.
        verifier: Says who must have signed the bundle; without one, nobody need have.
        max_bytes: Most bytes of a bundle.
        seconds: Time that the bundle gets to load.
        ahead: Whether to start the child of the next trial when one has ended.
    """

    def __init__(
        self,
        children: Children,
        verifier: Verifier | None = None,
        *,
        max_bytes: int = files.MAX_BYTES,
        seconds: float = _TRIAL_SECONDS,
        ahead: bool = False,
    ) -> None:
        self._children = children
        self._arguments = [str(max_bytes), *([str(verifier.file)] if verifier else [])]
        self._seconds = seconds
        self._ahead = ahead

    def __call__(self, folder: Path) -> None:
        """Tries a bundle.

        Raises:
            ServingError: The bundle cannot be served.
        """
        try:
            refusal = self._children.run(
                _CHILD, *self._arguments, document={"folder": str(folder)}, seconds=self._seconds
            )
        except ChildTimeoutError:
            raise _failed(f"the bundle was still loading after {self._seconds:g} s") from None
        except ChildCrashError as error:
            # What the child said may name files of this machine: it stays in the log.
            log.event(_logger, logging.ERROR, "trial.crashed", error=error)
            raise _failed("the process that tried the bundle was killed or crashed") from error
        finally:
            if self._ahead:
                self._children.start_ahead(_CHILD, *self._arguments)
        if refusal is not None:
            raise ServingError(Reason[refusal["reason"]], refusal["message"])


def _failed(message: str) -> ServingError:
    # The bundle may be at fault, or a machine that was short of memory or of time.
    return ServingError(Reason.TRIAL_FAILED, message, retry_seconds=_RETRY_SECONDS)
