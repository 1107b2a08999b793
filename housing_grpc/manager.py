"""Owns the live model and swaps it: build, verify and warm beside it, then one reference."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from housing_grpc import log
from housing_grpc.bundle import model
from housing_grpc.bundle.errors import BundleChecksumError, BundleError
from housing_grpc.bundle.model import Bundle
from housing_grpc.bundle.signature import Verifier
from housing_grpc.errors import Reason, ServingError
from housing_grpc.retired import Retired
from housing_grpc.source import Fetched, Source, Target

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class LiveModel:
    """A bundle that serves, and what is known of how it came to.

    A call reads this reference once and uses nothing else, so that its answer
    comes wholly from one bundle.
    """

    bundle: Bundle
    version: str
    source: str
    stale: bool
    generation: int
    loaded_at: datetime
    load_seconds: float
    """From asking the source to being live."""


@dataclass(frozen=True, kw_only=True)
class Reloaded:
    """What a reload did."""

    live: LiveModel
    previous_version: str
    changed: bool
    seconds: float


class ModelManager:
    """Owns the live model.

    Args:
        source: Where bundles come from.
        trial: Loads a bundle where a crash does no harm, before it is loaded here.
        verifier: Says who must have signed a bundle; without one, nobody need have.
        on_live: Called with each model after it went live.
        on_reload: Called with "changed", "unchanged" or the reason after each reload.
    """

    def __init__(
        self,
        source: Source,
        *,
        trial: Callable[[Path], None],
        verifier: Verifier | None = None,
        on_live: Sequence[Callable[[LiveModel], None]] = (),
        on_reload: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._source = source
        self._trial = trial
        self._verifier = verifier
        self._on_live = on_live
        self._on_reload = on_reload
        self._reloading = threading.Lock()
        self._live: LiveModel | None = None
        self._retired = Retired()

    def current(self) -> LiveModel:
        """Returns the live model.

        Raises:
            ServingError: MODEL_NOT_READY before the first one is live.
        """
        live = self._live
        if live is None:
            raise ServingError(
                Reason.MODEL_NOT_READY, "the first model is still loading", retry_seconds=1
            )
        return live

    def version(self) -> str:
        """Returns the version that serves, or "" before the first one does."""
        return self._live.version if self._live else ""

    def start(self) -> LiveModel:
        """Makes the first model live, or the last known one if the source is down.

        Raises:
            ServingError: There is none, or it cannot be served.
            BundleError: The same of a bundle.
        """
        started = time.monotonic()
        last = self._source.last_known()
        try:
            fetched = self._source.fetch(Target())
        except ServingError as error:
            if error.reason is not Reason.REGISTRY_UNAVAILABLE or last is None:
                raise
            log.event(_logger, logging.WARNING, "registry.unavailable", serving=last.version)
            fetched = last
        # One that has served before needs no trial.
        if last is None or last.digest != fetched.digest:
            self._trial(fetched.folder)
        return self._publish(self._load(fetched), fetched, started)

    def reload(self, target: Target) -> Reloaded:
        """Makes the wanted model live; on any error the old one goes on serving.

        Raises:
            ServingError: RELOAD_IN_PROGRESS, or the source cannot deliver.
            BundleError: The bundle cannot be served.
        """
        try:
            reloaded = self._reload_alone(target)
        except BaseException as error:
            self._on_reload(str(getattr(error, "reason", Reason.INTERNAL)))
            raise
        self._on_reload("changed" if reloaded.changed else "unchanged")
        return reloaded

    def _reload_alone(self, target: Target) -> Reloaded:
        if not self._reloading.acquire(blocking=False):
            raise ServingError(
                Reason.RELOAD_IN_PROGRESS, "another reload is running", retry_seconds=1
            )
        try:
            return self._reload(target)
        except (ServingError, BundleError) as error:
            log.event(
                _logger, logging.WARNING, "reload.failed",
                reason=str(error.reason), serving=self.version(),
            )  # fmt: skip
            raise
        finally:
            self._reloading.release()

    def _reload(self, target: Target) -> Reloaded:
        started = time.monotonic()
        old = self.current()
        fetched = self._source.fetch(target)
        same_bundle = fetched.digest == old.bundle.digest
        changed = not same_bundle or fetched.version != old.version
        live = old
        if changed or old.stale:
            if not same_bundle:
                self._trial(fetched.folder)
            bundle = old.bundle if same_bundle else self._load(fetched)
            live = self._publish(bundle, fetched, started)
        return Reloaded(
            live=live,
            previous_version=old.version,
            changed=changed,
            seconds=time.monotonic() - started,
        )

    def _load(self, fetched: Fetched) -> Bundle:
        self._retired.await_release()
        bundle = model.load(fetched.folder, self._verifier)
        if bundle.digest != fetched.digest:
            raise BundleChecksumError("the bundle was replaced while it was read; reload again")
        return bundle

    def _publish(self, bundle: Bundle, fetched: Fetched, started: float) -> LiveModel:
        old = self._live
        live = LiveModel(
            bundle=bundle,
            version=fetched.version,
            source=self._source.kind,
            stale=fetched.stale,
            generation=old.generation + 1 if old else 1,
            loaded_at=datetime.now(UTC),
            load_seconds=time.monotonic() - started,
        )
        self._live = live
        if old is not None and old.bundle is not bundle:
            self._retired.note(old.bundle)
        self._remember(fetched)
        for tell in self._on_live:
            tell(live)
        log.event(
            _logger, logging.INFO, "model.live",
            version=live.version, digest=bundle.digest[:12], generation=live.generation,
            model_type=bundle.metadata.model_type, stale=live.stale,
        )  # fmt: skip
        return live

    def _remember(self, fetched: Fetched) -> None:
        try:
            self._source.served(fetched)
        except OSError as error:
            # A full disk costs the fall-back of the next start, not the model that is live.
            log.event(
                _logger, logging.WARNING, "model.not_remembered",
                version=fetched.version, error_number=error.errno,
            )  # fmt: skip
