"""Brings the challenger that the source names: it may fail or take long, and nobody waits."""

import logging
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import msgspec

from housing_grpc.base import log
from housing_grpc.base.errors import Reason, ServingError, public_error
from housing_grpc.model.activation import Activator
from housing_grpc.model.challenge import NO_CHALLENGE, Challenge
from housing_grpc.model.source import Fetched, Source, Target

_STOP_SECONDS = 5.0

_logger = logging.getLogger(__name__)


class Challengers:
    """Has the model that the source names compared with the live one, in a thread of its own.

    A bundle that is refused for what it is, is not tried again until the source names another
    challenger, or another model is live; one that may have been refused for something passing is
    tried again with a later look.

    Args:
        source: Names the challenger.
        activator: Has it compared.
        trial: Loads a bundle where a crash does no harm.
    """

    def __init__(self, source: Source, activator: Activator, trial: Callable[[Path], None]) -> None:
        self._source = source
        self._activator = activator
        self._trial = trial
        self._wanted = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="challengers", daemon=True)
        self._settled: tuple[Challenge, str] = NO_CHALLENGE, ""
        self._refusals: Counter[tuple[str, Reason]] = Counter()
        self._fetched: Fetched | None = None
        self._told = NO_CHALLENGE

    def start(self) -> None:
        """Begins to look."""
        self._thread.start()
        self.look()

    def look(self) -> None:
        """Has the source asked soon; does not wait for it."""
        self._wanted.set()

    def stop(self) -> None:
        """Looks no more; does not wait for a look that is on its way."""
        self._stopping = True
        self._wanted.set()

    def join(self) -> None:
        """Waits for the end, which is near once the children are stopped."""
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)

    def _run(self) -> None:
        while self._wanted.wait() and not self._stopping:
            self._wanted.clear()
            try:
                self._look()
            except Exception as error:  # noqa: BLE001 (the thread must live; nobody would miss it)
                log.event(_logger, logging.ERROR, "challenger.fault", error=error)

    def _look(self) -> None:
        challenge, live = self._source.challenge(), self._activator.live()
        if challenge is None or live is None:
            return
        key = challenge, f"{live.digest} {live.version}"
        if key == self._settled:
            return
        try:
            settled = self._settle(challenge)
        except Exception as error:  # noqa: BLE001 - whatever it is, the live model serves
            fault = public_error(error)
            if self._stopping:
                return
            if fault.reason is Reason.INTERNAL:
                log.event(_logger, logging.ERROR, "challenger.fault", error=error)
            settled = msgspec.structs.replace(challenge, digest="", fault=str(fault))
            self._activator.challenge(settled, None)
            self._tell(settled)
            if self._gives_up(challenge.version, fault.reason):
                self._settled = key
            return
        self._refusals.clear()
        self._settled = key
        self._tell(settled)

    def _settle(self, challenge: Challenge) -> Challenge:
        """Has what the source names compared; returns what is."""
        fetched = None
        if challenge.version and not challenge.fault:
            fetched = self._brought(challenge)
            challenge = msgspec.structs.replace(challenge, digest=fetched.digest)
        self._activator.challenge(challenge, fetched)
        self._fetched = fetched
        return challenge

    def _brought(self, challenge: Challenge) -> Fetched:
        live, known, version = self._activator.live(), self._fetched, challenge.version
        if live is not None and live.version == version:
            raise _live_itself(version)
        if known is not None and known.version == version:
            fetched = known  # What changed is how it is compared, or with what.
        else:
            # By its alias, as a version that is asked for by its number needs no statement.
            fetched = self._source.fetch(Target(alias=challenge.alias))
            if fetched.version != version:
                raise _moved(challenge)
            self._trial(fetched.folder)
        if live is not None and live.digest == fetched.digest:
            raise _live_itself(version)
        return fetched

    def _gives_up(self, version: str, reason: Reason) -> bool:
        self._refusals[version, reason] += 1
        return reason.tries is not None and self._refusals[version, reason] >= reason.tries

    def _tell(self, challenge: Challenge) -> None:
        """Says in the log what has changed, once."""
        if challenge == self._told:
            return
        self._told = challenge
        if challenge.fault:
            log.event(
                _logger, logging.WARNING, "challenger.refused",
                version=challenge.version, fault=challenge.fault,
            )  # fmt: skip
            return
        log.event(
            _logger, logging.INFO, "challenger.set",
            version=challenge.version, digest=challenge.digest[:12],
            shadow=challenge.shadow, share=challenge.share,
        )  # fmt: skip


def _live_itself(version: str) -> ServingError:
    return ServingError(
        Reason.NO_CHALLENGER,
        f"version {version} is what the live model is, so there is nothing to compare; challenge"
        " with another: housing-admin challenge VERSION",
    )


def _moved(challenge: Challenge) -> ServingError:
    return ServingError(
        Reason.RELOAD_IN_PROGRESS,
        f"'{challenge.alias}' was moved from version {challenge.version} meanwhile; the next look"
        " takes what it names",
    )
