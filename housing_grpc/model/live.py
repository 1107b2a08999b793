"""What is live: the model that serves, and the one reference to it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Protocol

import msgspec

from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.bundle import schema
from housing_grpc.bundle.digest import Digest
from housing_grpc.bundle.errors import BundleChecksumError
from housing_grpc.bundle.metadata import Metadata
from housing_grpc.bundle.model import Bundle
from housing_grpc.model.model_limit import ModelLimit
from housing_grpc.model.pinned_models import PinnedModels
from housing_grpc.receipts.record import Model


class ReleaseFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of how a model came to be live, besides its bundle."""

    version: str
    source: str
    stale: bool
    generation: int
    loaded_at: datetime
    load_seconds: float
    """From asking the source to being live."""
    rolled_back_from: str = ""
    """The version that had to make way for it, where it came back; else empty."""


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a model that is live, in this process or in all worker processes."""

    digest: Digest
    name: str
    model_type: str
    preprocessing: str
    evaluator: str
    """What computes the prices: "native", which is in C, or "numpy"."""
    facts: ReleaseFacts

    @classmethod
    def describing(
        cls, metadata: Metadata, digest: Digest, evaluator: str, facts: ReleaseFacts
    ) -> "Release":
        """Returns what is known of a model."""
        return cls(
            digest=digest,
            name=metadata.name,
            model_type=metadata.model_type,
            preprocessing=metadata.preprocessing,
            evaluator=evaluator,
            facts=facts,
        )

    @property
    def version(self) -> str:
        """The version that answers name."""
        return self.facts.version


@dataclass(frozen=True, kw_only=True)
class LiveModel:
    """A bundle that serves, and what is known of how it came to.

    A call reads this reference once and uses nothing else, so that its answer
    comes wholly from one bundle.
    """

    bundle: Bundle
    facts: ReleaseFacts
    challenges: bool = False
    """Whether it is not the live one, but is compared with that."""

    @property
    def version(self) -> str:
        """The version that answers name."""
        return self.facts.version

    @property
    def release(self) -> Release:
        """What is known of it, without the bundle."""
        bundle = self.bundle
        return Release.describing(bundle.metadata, bundle.digest, bundle.evaluator, self.facts)

    @cached_property
    def on_receipts(self) -> bytes:
        """What receipts say of it, packed."""
        target = self.bundle.metadata.target
        schema_digest = schema.digest(target.name, target.unit)
        return Model.of(self.bundle.digest, schema_digest, self.version).pack()


class Models(Protocol):
    """Where a call finds the model that serves it."""

    def current(self) -> LiveModel:
        """Returns the live model.

        Raises:
            ServingError: MODEL_NOT_READY before the first one is live.
        """
        ...


class LiveSlot:
    """Holds the live model of this process; the next one is made ready beside it.

    Args:
        on_live: Called with each model after it went live.
        most: Most models in memory: the live one, the next one, and those that calls still hold.
        keeps_previous: Whether the model before stays in memory until `forget`.

    Attributes:
        pins: Models that streams keep although another one is live.
        previous: The model before, unless it was let go of: it can be live again at once.
        challenger: A model that is compared with the live one; its slot sets it.
    """

    def __init__(
        self,
        on_live: Sequence[Callable[[LiveModel], None]] = (),
        *,
        most: int,
        keeps_previous: bool = False,
    ) -> None:
        self.pins: PinnedModels[LiveModel] = PinnedModels()
        self.previous: LiveModel | None = None
        self.challenger: Bundle | None = None
        self._on_live = [*on_live]
        self._keeps_previous = keeps_previous
        self._live: LiveModel | None = None
        self._next: Bundle | None = None
        self._limit = ModelLimit(most)

    def notify(self, went_live: Callable[[LiveModel], None]) -> None:
        """Has a function called with each model after it went live, too."""
        self._on_live.append(went_live)

    def current(self) -> LiveModel:
        """Returns the live model.

        Raises:
            ServingError: MODEL_NOT_READY before the first one is live.
        """
        live = self._live
        if live is None:
            raise not_ready()
        return live

    def version(self) -> str:
        """Returns the version that serves, or "" before the first one does."""
        return self._live.version if self._live else ""

    def live(self) -> LiveModel | None:
        """Returns the live model, if there is one."""
        return self._live

    def prepare(self, digest: str, load: Callable[[], Bundle]) -> Bundle:
        """Makes a bundle ready to go live, unless it is in memory already.

        One that has to be loaded takes the room of the model before.

        Args:
            digest: The bundle's.
            load: Loads and tests it; it is warm then.

        Raises:
            BundleError: It cannot be served.
        """
        if (known := self._in_memory(digest)) is not None:
            self._next = known
            return known
        self.forget()
        serving = self._live.bundle if self._live else None
        # guard: the number of models in memory
        self._limit.make_room(lambda: self.pins.retire_oldest(serving))
        self._next = bundle = self._loaded(digest, load)
        return bundle

    def load_beside(self, digest: str, load: Callable[[], Bundle]) -> Bundle:
        """Returns a bundle that is not to go live; it takes the room of no other.

        Args:
            digest: The bundle's.
            load: Loads and tests it, unless it is in memory already.

        Raises:
            BundleError: It cannot be served.
            ServingError: MODEL_NOT_READY: there is no room.
        """
        if (known := self._in_memory(digest)) is not None:
            return known
        # A challenger takes no other model's room.
        self._limit.check_room()
        return self._loaded(digest, load)

    def _loaded(self, digest: str, load: Callable[[], Bundle]) -> Bundle:
        bundle = load()
        self._limit.note(bundle)
        # guard: what was fetched is what is loaded
        if bundle.digest != digest:
            raise BundleChecksumError("the bundle was replaced while it was read; reload again")
        return bundle

    def _in_memory(self, digest: str) -> Bundle | None:
        found = [each.bundle for each in (self._live, self.previous) if each is not None]
        found += [self.challenger] if self.challenger else []
        return next((bundle for bundle in found if bundle.digest == digest), None)

    def abort(self) -> None:
        """Drops what was made ready."""
        self._next = None

    def forget(self) -> None:
        """Lets go of the model before."""
        self.previous = None

    def commit(self, facts: ReleaseFacts) -> LiveModel:
        """Makes live what was made ready."""
        bundle, self._next = self._next, None
        if bundle is None:
            raise RuntimeError("no model was made ready")
        live = LiveModel(bundle=bundle, facts=facts)
        if self._keeps_previous and self._live and self._live.facts.generation != facts.generation:
            self.previous = self._live
        self._live = live
        for notify in self._on_live:
            notify(live)
        return live


def not_ready() -> ServingError:
    """Returns the error of whoever comes before the first model is live."""
    return ServingError(Reason.MODEL_NOT_READY, "the first model is still loading", retry_seconds=1)
