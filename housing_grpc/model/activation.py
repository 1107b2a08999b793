"""How a model goes live: in this process, or in several at once."""

from collections.abc import Callable
from typing import Protocol

from housing_grpc.bundle import difference, files, model
from housing_grpc.bundle.difference import Difference
from housing_grpc.bundle.model import Bundle
from housing_grpc.bundle.signature import Verifier
from housing_grpc.model.challenge import Challenge
from housing_grpc.model.challenger_slot import ChallengerSlot
from housing_grpc.model.live import LiveSlot, Release, ReleaseFacts
from housing_grpc.model.source import Fetched


class Activator(Protocol):
    """Has models go live: in this process, or in several at once."""

    def live(self) -> Release | None:
        """Returns what is known of the live model, if there is one."""
        ...

    def difference(self, fetched: Fetched) -> Difference:
        """Says how the prices of another model, which has been tried, differ; it serves nowhere.

        Raises:
            ServingError: There is no live model.
            BundleError: The bundle cannot be served.
        """
        ...

    def activate(self, fetched: Fetched, facts: Callable[[], ReleaseFacts]) -> Release:
        """Makes a model live everywhere, or nowhere; the one before serves until then.

        That one may stay in memory, until `forget`, or until another one has to be loaded.

        Args:
            fetched: The bundle; one that is live already may get another version.
            facts: Asked once the bundle is ready to go live.

        Raises:
            ServingError: It cannot be served.
            BundleError: The bundle cannot be served.
        """
        ...

    def challenge(self, challenge: Challenge, fetched: Fetched | None) -> None:
        """Has a model compared with the live one everywhere, or nowhere; that one stays live.

        Args:
            challenge: Says how; one without a digest ends what is compared.
            fetched: Its bundle, which has been tried; None if there is none to compare.

        Raises:
            ServingError: It cannot be had; what was compared before still is.
            BundleError: The same of a bundle.
        """
        ...

    def previous(self) -> Release | None:
        """Returns what is known of the model before, if it is still in memory everywhere."""
        ...

    def forget(self) -> None:
        """Lets go of the model before."""
        ...


class LocalActivator:
    """Has models go live in this process.

    Args:
        live_slot: Holds the live model.
        challenger_slot: Holds the one that is compared with it.
        verifier: Says who must have signed a bundle; without one, nobody need have.
        max_bytes: Most bytes of a bundle.
    """

    def __init__(
        self,
        live_slot: LiveSlot,
        challenger_slot: ChallengerSlot,
        verifier: Verifier | None,
        *,
        max_bytes: int = files.MAX_BYTES,
    ) -> None:
        self._live_slot = live_slot
        self._challenger_slot = challenger_slot
        self._verifier = verifier
        self._max_bytes = max_bytes

    def live(self) -> Release | None:
        """Returns what is known of the live model, if there is one."""
        live = self._live_slot.live()
        return live.release if live else None

    def difference(self, fetched: Fetched) -> Difference:
        """Says how the prices of another model differ, which is in memory meanwhile."""
        serving = self._live_slot.current().bundle
        if serving.digest == fetched.digest:
            return difference.between(serving, serving)
        return difference.between(serving, self._load(fetched, tried=True))

    def activate(self, fetched: Fetched, facts: Callable[[], ReleaseFacts]) -> Release:
        """Loads a bundle beside the one that is live, and changes the reference."""
        # Calls that are served meanwhile would wait for what its trial has done before.
        tried = self.live() is not None
        self._live_slot.prepare(fetched.digest, lambda: self._load(fetched, tried=tried))
        return self._live_slot.commit(facts()).release

    def challenge(self, challenge: Challenge, fetched: Fetched | None) -> None:
        """Loads a bundle beside the live one, and has it compared with that."""
        if fetched is not None:
            self._challenger_slot.prepare(fetched.digest, lambda: self._load(fetched, tried=True))
        self._challenger_slot.challenge_with(challenge)

    def previous(self) -> Release | None:
        """Returns what is known of the model before, if it is still in memory."""
        previous = self._live_slot.previous
        return previous.release if previous else None

    def forget(self) -> None:
        """Lets go of the model before."""
        self._live_slot.forget()

    def _load(self, fetched: Fetched, *, tried: bool) -> Bundle:
        return model.load(fetched.folder, self._verifier, max_bytes=self._max_bytes, tried=tried)
