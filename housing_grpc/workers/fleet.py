"""All workers: one model for all of them, or the one before for all of them."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.bundle import difference
from housing_grpc.bundle import format as bundle_format
from housing_grpc.bundle.difference import Difference
from housing_grpc.bundle.errors import BundleChecksumError
from housing_grpc.bundle.format import BundleFiles
from housing_grpc.bundle.model import Bundle
from housing_grpc.bundle.native_evaluator import NativeEvaluator
from housing_grpc.bundle.signature import Verifier
from housing_grpc.model.challenge import NO_CHALLENGE, Challenge
from housing_grpc.model.live import Release, ReleaseFacts, not_ready
from housing_grpc.model.source import Fetched
from housing_grpc.serving.start_checks import Fallback
from housing_grpc.settings import Settings
from housing_grpc.workers import protocol
from housing_grpc.workers.link import LinkClosedError, answer_of
from housing_grpc.workers.protocol import (
    Answer,
    Commit,
    Compare,
    KeyRing,
    Prepare,
    Prepared,
)
from housing_grpc.workers.worker_handle import WorkerHandle, check

# A new process imports its libraries first, on a busy machine perhaps with many others.
_START_SECONDS = 60.0
_PREPARE_SECONDS = 60.0
# To change one reference. A worker that does not commit in time is killed, as it would serve the
# previous model.
_COMMIT_SECONDS = 10.0
# Longer than the longest pause before a restart.
_ALL_SECONDS = 15.0
_RETRY_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class _Served:
    """A model that the workers have in memory: its files, and what is known of it."""

    bundle: BundleFiles
    release: Release


class Fleet:
    """Has models go live in all workers, and makes new workers serve what is live.

    Args:
        chosen: The settings of the workers.
        ring: Who may call.
        verifier: Says who must have signed a bundle; without one, nobody need have.
        ready: Waits until every first worker can serve.
        count: Of the workers.
    """

    def __init__(
        self,
        chosen: Settings,
        ring: KeyRing,
        verifier: Verifier | None,
        *,
        ready: Callable[[], None],
        count: int,
    ) -> None:
        self._settings = chosen
        self._ring = ring
        self._verifier = verifier
        self._ready = ready
        self._count = count
        # Held from the preparation of a model until it is live, and while a worker joins.
        self._changing = threading.Lock()
        self._live: _Served | None = None
        self._previous: _Served | None = None
        self._challenger: BundleFiles | None = None
        self._challenge = NO_CHALLENGE
        self._warned: set[Fallback] = set()
        self._members = threading.Condition()
        self._serving: dict[int, WorkerHandle] = {}
        self._stopping = False

    def live(self) -> Release | None:
        """Returns what is live in all workers, if anything is."""
        return self._live.release if self._live else None

    def previous(self) -> Release | None:
        """Returns what is known of the model before, if it is still in memory in all workers."""
        return self._previous.release if self._previous else None

    def forget(self) -> None:
        """Has all workers let go of the model before."""
        with self._changing:
            if self._previous is not None:
                self._previous = None
                for worker in self.workers():
                    worker.send(protocol.Forget())

    def workers(self) -> list[WorkerHandle]:
        """Returns those that serve now."""
        with self._members:
            return list(self._serving.values())

    def activate(self, fetched: Fetched, facts: Callable[[], ReleaseFacts]) -> Release:
        """Makes a model live in all workers, or in none.

        A worker that joins later gets the same bytes, whatever has become of the folder.

        Raises:
            StartError: The first workers cannot serve.
            ServingError: A worker cannot serve it.
            BundleError: The bundle cannot be served.
        """
        self._ready()
        self._await_all()
        with self._changing:
            bundle = self._read(fetched)
            workers = self.workers()
            if len(workers) < self._count:
                raise _worker_gone()
            slowest = _slowest(_prepare(workers, self._order(bundle)))
            release = Release.describing(bundle.metadata, bundle.digest, slowest.evaluator, facts())
            old, self._live = self._live, _Served(bundle=bundle, release=release)
            if old is not None and old.release.facts.generation != release.facts.generation:
                self._previous = old
            _commit(workers, protocol.Commit(facts=release.facts))
            if self._challenger is not None and self._challenger.digest == release.digest:
                self._challenger = None  # As in each worker.
            return release

    def challenge(self, challenge: Challenge, fetched: Fetched | None) -> None:
        """Has a model compared with the live one in all workers, or in none.

        Raises:
            ServingError: A worker cannot serve it.
            BundleError: The bundle cannot be served.
        """
        if fetched is not None:
            self._await_all()
        with self._changing:
            workers, bundle = self.workers(), None
            if fetched is not None:
                bundle = self._read(fetched)
                if len(workers) < self._count:
                    raise _worker_gone()
                known = self._in_memory(bundle.digest) is not None
                _prepare(workers, _beside(bundle, known=known))
            self._compare(workers, challenge, bundle)

    def _compare(
        self, workers: Sequence[WorkerHandle], challenge: Challenge, bundle: BundleFiles | None
    ) -> None:
        self._challenge, self._challenger = challenge, bundle
        _commit(workers, protocol.Compare(challenge=challenge))

    def difference(self, fetched: Fetched) -> Difference:
        """Says how the prices of another model differ; the workers know nothing of it."""
        with self._changing:
            if self._live is None:
                raise not_ready()
            serving, other = Bundle(self._live.bundle), Bundle(self._read(fetched))
        return difference.between(serving, other)

    def admit(self, worker: WorkerHandle) -> None:
        """Makes a new worker serve what is live; only then does it listen.

        The very first ones listen before, to answer probes.

        Raises:
            LinkClosedError: It is gone, stuck or not wanted any more.
            ServingError: It cannot serve what the others serve.
            StartError: It cannot serve at all.
        """
        ring = self._ring
        order = protocol.Configure(settings=self._settings, ring=ring)
        answer = worker.obey(order, _START_SECONDS)
        with self._changing:
            self._warn(answer)
            # In the order in which the others got them: it can go back as they can.
            for served in (self._previous, self._live):
                if served is not None:
                    worker.obey(_whole(served.bundle), _PREPARE_SECONDS)
                    worker.obey(protocol.Commit(facts=served.release.facts), _COMMIT_SECONDS)
            self._admit_challenger(worker)
            with self._members:
                if self._stopping:
                    raise LinkClosedError
                self._serving[worker.number] = worker
                self._members.notify_all()
                if ring is not self._ring:
                    worker.send(protocol.Rekey(ring=self._ring))
            worker.obey(protocol.Listen(), _COMMIT_SECONDS)

    def _admit_challenger(self, worker: WorkerHandle) -> None:
        """Has a new worker compare what the others do; if it cannot, none of them does any more."""
        try:
            if (bundle := self._challenger) is not None:
                worker.obey(_beside(bundle, known=False), _PREPARE_SECONDS)
        except ServingError as error:
            fault = msgspec.structs.replace(self._challenge, digest="", fault=str(error))
            # All workers compare a challenger, or none.
            self._compare(self.workers(), fault, None)
        worker.obey(protocol.Compare(challenge=self._challenge), _COMMIT_SECONDS)

    def left(self, worker: WorkerHandle) -> None:
        """Counts on a worker no more."""
        with self._members:
            if self._serving.get(worker.number) is worker:
                del self._serving[worker.number]

    def rekey(self, ring: KeyRing) -> None:
        """Has all workers take other keys."""
        with self._members:
            self._ring = ring
            for worker in self._serving.values():
                worker.send(protocol.Rekey(ring=ring))

    def stop(self) -> None:
        """Tells all workers to drain and to end, and admits no more; does not wait."""
        with self._members:
            self._stopping = True
            for worker in self._serving.values():
                worker.send(protocol.Stop())

    def _await_all(self) -> None:
        """Waits for a worker that is being restarted: else it might not load the model."""
        with self._members:
            if not self._members.wait_for(
                lambda: len(self._serving) == self._count or self._stopping, _ALL_SECONDS
            ):
                raise _worker_gone()

    def _warn(self, answer: Answer) -> None:
        """Logs what a worker has to do without, once and not for each worker."""
        if isinstance(answer, protocol.Configured):
            for fallback in answer.fallbacks:
                # guard: one warning of all workers
                if fallback not in self._warned:
                    self._warned.add(fallback)
                    fallback.warn()

    def _order(self, bundle: BundleFiles) -> Prepare:
        if self._in_memory(bundle.digest):
            return Prepare(digest=bundle.digest)
        # As in each worker: another model takes its room.
        self._previous = None
        return _whole(bundle)

    def _in_memory(self, digest: str) -> BundleFiles | None:
        found = [each.bundle for each in (self._live, self._previous) if each is not None]
        found += [self._challenger] if self._challenger else []
        return next((bundle for bundle in found if bundle.digest == digest), None)

    def _read(self, fetched: Fetched) -> BundleFiles:
        if (kept := self._in_memory(fetched.digest)) is not None:
            return kept
        bundle = bundle_format.read(
            fetched.folder, self._verifier, max_bytes=self._settings.max_bundle_bytes
        )
        if bundle.digest != fetched.digest:
            raise BundleChecksumError("the bundle was replaced while it was read; reload again")
        return bundle


def _prepare(workers: Sequence[WorkerHandle], order: Prepare) -> list[Answer]:
    asked = [worker.send(order) for worker in workers]
    until = time.monotonic() + _PREPARE_SECONDS
    try:
        return [check(answer_of(future, until - time.monotonic())) for future in asked]
    except LinkClosedError:
        _abort(workers)
        raise _worker_gone() from None
    except ServingError:
        _abort(workers)
        raise


def _slowest(answers: Sequence[Answer]) -> Prepared:
    """Returns how the bundle is evaluated: in C only if it is so in all workers."""
    prepared = [answer for answer in answers if isinstance(answer, Prepared)]
    slow = (answer for answer in prepared if answer.evaluator != NativeEvaluator.name)
    return next(slow, prepared[0])


def _abort(workers: Sequence[WorkerHandle]) -> None:
    for worker in workers:
        worker.send(protocol.Abort())


def _commit(workers: Sequence[WorkerHandle], order: Commit | Compare) -> None:
    asked = [(worker, worker.send(order)) for worker in workers]
    until = time.monotonic() + _COMMIT_SECONDS
    for worker, future in asked:
        try:
            check(answer_of(future, until - time.monotonic()))
        except (LinkClosedError, ServingError):
            worker.kill()  # The one that takes its place serves the new model.


def _whole(bundle: BundleFiles) -> Prepare:
    return Prepare(digest=bundle.digest, metadata=bundle.metadata, blobs=dict(bundle.blobs))


def _beside(bundle: BundleFiles, *, known: bool) -> Prepare:
    order = Prepare(digest=bundle.digest) if known else _whole(bundle)
    return msgspec.structs.replace(order, beside=True)


def _worker_gone() -> ServingError:
    return ServingError(
        Reason.MODEL_NOT_READY,
        "a worker process ended, or is stuck; the others serve the previous model, so reload "
        "again; the server's log says more",
        retry_seconds=_RETRY_SECONDS,
    )
