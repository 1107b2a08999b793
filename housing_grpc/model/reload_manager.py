"""Makes another model live: asks the source, tries the bundle, and has it go live."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from housing_grpc.base import background, log
from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.bundle.difference import Difference
from housing_grpc.bundle.errors import BundleError
from housing_grpc.model.activation import Activator
from housing_grpc.model.live import Release, ReleaseFacts, not_ready
from housing_grpc.model.rollbacks import Rollbacks
from housing_grpc.model.rolled_back import Cause
from housing_grpc.model.source import Fetched, Source, Target

# What the source names now is not known, or not to be believed.
_LAST_KNOWN_SERVES = frozenset({Reason.REGISTRY_UNAVAILABLE, Reason.BUNDLE_DOWNGRADE})

_logger = logging.getLogger(__name__)


class Reloaded(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What a reload did."""

    live: Release
    previous_version: str
    changed: bool
    seconds: float


class DryRun(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What a reload would do.

    Attributes:
        live: What serves, and goes on to.
        version: That would serve.
        digest: Of its bundle.
        changed: Whether it is another model.
        seconds: How long it took to find out.
        difference: Of its prices.
    """

    live: Release
    version: str
    digest: str
    changed: bool
    seconds: float
    difference: Difference


class ReloadManager:
    """Has one model after another go live, one at a time.

    Args:
        source: Where bundles come from.
        activator: Has them go live.
        trial: Loads a bundle where a crash does no harm, before it goes there.
        probation_seconds: For so long after a change of model the one before is kept in memory.
        on_reload: Called with "changed", "unchanged" or the reason after each reload.
        on_rollback: Called with the cause after each rollback.
        settled: Called after each change of model, and after each reload that had none to make.
    """

    def __init__(
        self,
        source: Source,
        activator: Activator,
        *,
        trial: Callable[[Path], None],
        probation_seconds: float = 0,
        on_reload: Callable[[str], None] = lambda _: None,
        on_rollback: Callable[[Cause], None] = lambda _: None,
        settled: Callable[[], None] = lambda: None,
    ) -> None:
        self._source = source
        self._activator = activator
        self._trial = trial
        self._on_reload = on_reload
        self._on_rollback = on_rollback
        self._settled = settled
        self._reloading = threading.Lock()
        self._serving: Fetched | None = None
        self._rollbacks = Rollbacks(
            activator,
            self._reloading,
            seconds=probation_seconds,
            go_back=lambda: self._go_back(Cause.AUTOMATIC),
        )

    def current(self) -> Release:
        """Returns what is known of the live model.

        Raises:
            ServingError: MODEL_NOT_READY before the first one is live.
        """
        live = self._activator.live()
        if live is None:
            raise not_ready()
        return live

    def version(self) -> str:
        """Returns the version that serves, or "" before the first one does."""
        live = self._activator.live()
        return live.version if live else ""

    def start(self) -> Release:
        """Makes the first model live, or the last known one if the source is down or not followed.

        Raises:
            ServingError: There is none, or it cannot be served.
            BundleError: Its bundle cannot be served.
        """
        started = time.monotonic()
        last = self._source.last_known()
        try:
            fetched = self._source.fetch(Target())
        except ServingError as error:
            if error.reason not in _LAST_KNOWN_SERVES or last is None:
                raise
            if error.reason is Reason.REGISTRY_UNAVAILABLE:
                log.event(_logger, logging.WARNING, "registry.unavailable", serving=last.version)
            fetched = last
        # One that has served before needs no trial.
        if last is None or last.digest != fetched.digest:
            self._trial(fetched.folder)
        return self._activate(fetched, started)

    def reload(self, target: Target) -> Reloaded:
        """Makes the wanted model live; on any error the old one goes on serving.

        Raises:
            ServingError: RELOAD_IN_PROGRESS, or the source cannot deliver.
            BundleError: The bundle cannot be served.
        """
        return self._counted(lambda: self._reload(target))

    def follow(self) -> Reloaded:
        """Makes live what the source names by itself, unless that was rolled back from.

        Raises:
            ServingError: As of `reload`, or ROLLED_BACK.
            BundleError: The same.
        """
        return self._counted(lambda: self._reload(Target(), self._rollbacks.versions.check))

    def refused(self, reason: Reason) -> None:
        """Counts what the source names, and is not to be believed, as a reload that failed."""
        self._on_reload(str(reason))

    def rollback(self) -> Reloaded:
        """Makes the model before live again, at once: it is still in memory.

        Raises:
            ServingError: NO_PREVIOUS_MODEL, RELOAD_IN_PROGRESS, or MODEL_NOT_READY where a worker
                is gone.
        """
        with self._alone():
            return self._go_back(Cause.REQUEST)

    def model_failed(self, generation: int) -> None:
        """Takes note that a model gave what is no price; does not wait for anything.

        Args:
            generation: The model's.
        """
        self._rollbacks.fault(generation)

    def stop(self) -> None:
        """Has nothing come back by itself any more."""
        self._rollbacks.stop()

    def _counted(self, reload: Callable[[], Reloaded]) -> Reloaded:
        try:
            reloaded = self._reload_alone(reload)
        except BaseException as error:
            self._on_reload(str(getattr(error, "reason", Reason.INTERNAL)))
            raise
        self._on_reload("changed" if reloaded.changed else "unchanged")
        self._settled()
        return reloaded

    def dry_run(self, target: Target) -> DryRun:
        """Does all of a reload but to make the model live, and says how its prices differ.

        Raises:
            ServingError: As of `reload`.
            BundleError: The same.
        """
        with self._alone():
            return background.run(lambda: self._dry_run(target), "dry-run")

    def _dry_run(self, target: Target) -> DryRun:
        started = time.monotonic()
        live = self.current()
        fetched = self._source.fetch(target)
        if fetched.digest != live.digest:
            self._trial(fetched.folder)
        found = self._activator.difference(fetched)
        return DryRun(
            live=live,
            version=fetched.version,
            digest=fetched.digest,
            changed=(fetched.digest, fetched.version) != (live.digest, live.version),
            seconds=time.monotonic() - started,
            difference=found,
        )

    @contextmanager
    def _alone(self) -> Iterator[None]:
        # guard: one reload at a time
        if not self._reloading.acquire(blocking=False):
            raise ServingError(
                Reason.RELOAD_IN_PROGRESS, "another reload is running", retry_seconds=1
            )
        try:
            yield
        finally:
            self._reloading.release()

    def _reload_alone(self, reload: Callable[[], Reloaded]) -> Reloaded:
        with self._alone():
            try:
                return background.run(reload, "reload")
            except (ServingError, BundleError) as error:
                log.event(
                    _logger, logging.WARNING, "reload.failed",
                    reason=str(error.reason), serving=self.version(),
                )  # fmt: skip
                raise

    def _reload(self, target: Target, check: Callable[[str], None] = lambda _: None) -> Reloaded:
        started = time.monotonic()
        old = self.current()
        fetched = self._source.fetch(target)
        check(fetched.version)
        same_bundle = fetched.digest == old.digest
        changed = not same_bundle or fetched.version != old.version
        live, previous_version = old, old.version
        if changed or old.facts.stale:
            # guard: a trial in a child
            if not same_bundle:
                self._trial(fetched.folder)
            live = self._activate(fetched, started)
        return Reloaded(
            live=live,
            previous_version=previous_version,
            changed=changed,
            seconds=time.monotonic() - started,
        )

    def _go_back(self, cause: Cause) -> Reloaded:
        started = time.monotonic()
        old, previous = self.current(), self._rollbacks.previous()
        live = self._activate(previous, started, rolled_back_from=old.version)
        seconds = time.monotonic() - started
        self._rollbacks.versions.add(old.version, cause)
        self._settled()
        self._on_rollback(cause)
        log.event(
            _logger, logging.WARNING, "model.rolled_back",
            version=live.version, previous=old.version, cause=cause.value,
        )  # fmt: skip
        return Reloaded(live=live, previous_version=old.version, changed=True, seconds=seconds)

    def _activate(self, fetched: Fetched, started: float, *, rolled_back_from: str = "") -> Release:
        old = self._activator.live()

        def facts() -> ReleaseFacts:
            return ReleaseFacts(
                version=fetched.version,
                source=self._source.kind,
                # Whoever goes back means to.
                stale=fetched.stale and not rolled_back_from,
                generation=_generation(old, fetched),
                loaded_at=datetime.now(UTC),
                load_seconds=time.monotonic() - started,
                rolled_back_from=rolled_back_from,
            )

        live = self._activator.activate(fetched, facts)
        self._rollbacks.versions.chosen(live.version)
        if old is None or old.facts.generation != live.facts.generation:
            self._rollbacks.begin(None if rolled_back_from else self._serving, live)
        self._serving = fetched
        self._remember(fetched)
        log.event(
            _logger, logging.INFO, "model.live",
            version=live.version, digest=live.digest[:12], generation=live.facts.generation,
            model_type=live.model_type, stale=live.facts.stale, evaluator=live.evaluator,
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


def _generation(old: Release | None, fetched: Fetched) -> int:
    if old is None:
        return 1
    # The registry that is back and names what serves is no new model.
    same = (fetched.digest, fetched.version) == (old.digest, old.version)
    return old.facts.generation if same else old.facts.generation + 1
