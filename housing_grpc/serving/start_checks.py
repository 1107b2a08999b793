"""Finds out at start which fast paths this process can take, and which it has to do without."""

import logging
import platform

import grpc
import msgspec

from housing_grpc.base import log
from housing_grpc.bundle import extension
from housing_grpc.calls import grpcio_self_test

_SHOW = "HOUSING_NEEDS_C=1 pip install --verbose shows what the compiler says"

_logger = logging.getLogger(__name__)


class Fallback(msgspec.Struct, frozen=True, kw_only=True):
    """A fast path that cannot be taken.

    Attributes:
        event: Its name in the log.
        cause: Why it cannot be taken.
        effect: What the operator will notice.
        fix: What to do.
    """

    event: str
    cause: str
    effect: str
    fix: str

    def warn(self) -> None:
        """Logs it."""
        log.event(
            _logger, logging.WARNING, self.event,
            cause=self.cause, effect=self.effect, fix=self.fix,
        )  # fmt: skip


class StartChecks(msgspec.Struct, frozen=True, kw_only=True):
    """What a process can do fast.

    Attributes:
        threadless_waits: Whether the messages of calls can be waited for without a worker.
        fallbacks: What cannot be taken.
    """

    threadless_waits: bool
    fallbacks: tuple[Fallback, ...]


def find() -> StartChecks:
    """Tries the fast paths; takes some 15 ms the first time, as it makes calls over loopback."""
    fault = grpcio_self_test.fault()
    found = (_extension(), _grpcio(fault) if fault else None)
    return StartChecks(threadless_waits=not fault, fallbacks=tuple(each for each in found if each))


def _extension() -> Fallback | None:
    if extension.UNUSABLE is None:
        return None
    again = "install housing-grpc again (in a clone: touch pyproject.toml && make setup)"
    if extension.UNUSABLE.broken:
        here = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
        event, fix = "native.broken", f"it has to be compiled for {here}: {again}; {_SHOW}"
    else:
        event, fix = "native.missing", f"install a C compiler and Python's headers, then {again}"
    return Fallback(event=event, cause=extension.UNUSABLE.cause, effect=extension.EFFECT, fix=fix)


def _grpcio(fault: str) -> Fallback:
    return Fallback(
        event="grpcio.fallback",
        cause=f"grpcio {grpc.__version__} could not be shown to be as this release knows it: "
        f"{fault}",
        effect="a caller who is slow to send a message holds a worker, and each call costs more",
        fix="install the grpcio that requirements/serve.txt pins, or a newer housing-grpc; and "
        "let this process use 127.0.0.1",
    )
