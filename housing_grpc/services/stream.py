"""PredictStream: chunks in, answers out, in order and at the caller's pace."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

import grpc
from housing.v1 import prediction_pb2 as pb

from housing_grpc.base.errors import Reason, ServingError, Violation
from housing_grpc.challenger.split import Choice, Split
from housing_grpc.houses import encode
from housing_grpc.houses.decode import Chunk
from housing_grpc.houses.options import NO_OPTIONS, Options
from housing_grpc.model.live import LiveModel, Models
from housing_grpc.model.pinned_models import Pin, PinnedModels
from housing_grpc.receipts.record import Variant
from housing_grpc.services.paced_reader import PacedReader, StreamEndedError
from housing_grpc.services.scorer import Scorer
from housing_grpc.services.variants import VARIANTS

_RETRY_SECONDS = 1.0

Score = Callable[[LiveModel], pb.PredictStreamResponse]


@dataclass(frozen=True, kw_only=True)
class StreamLimits:
    """What a stream may take.

    Attributes:
        idle_seconds: Longest wait for a chunk, or for an answer to be taken.
        age_seconds: Longest life of a stream.
    """

    idle_seconds: float
    age_seconds: float


class StreamScorer:
    """Scores streams.

    Args:
        models: Where the live model is.
        split: Says which streams the challenger answers.
        pins: Those that streams have pinned.
        scorer: Scores the houses.
        limits: What a stream may take.
    """

    def __init__(
        self,
        models: Models,
        split: Split,
        pins: PinnedModels[LiveModel],
        scorer: Scorer,
        limits: StreamLimits,
    ) -> None:
        self._models = models
        self._split = split
        self._pins = pins
        self._scorer = scorer
        self._limits = limits
        self._lock = threading.Lock()
        self._open: set[PacedReader[Chunk]] = set()
        self._stopping = False

    def score(
        self, chunks: Iterator[Chunk], context: grpc.ServicerContext
    ) -> Iterator[pb.PredictStreamResponse]:
        """Answers every chunk, then sums up.

        Raises:
            ServingError: The stream cannot go on; the reason says why.
        """
        reader = self._admit(chunks, context)
        try:
            yield from self._answer(reader, context)
        finally:
            with self._lock:
                self._open.discard(reader)
            reader.close()

    def stop(self) -> None:
        """Ends every stream when it has answered the chunk it is at."""
        with self._lock:
            self._stopping = True
            for reader in self._open:
                reader.interrupt(_stopping())

    def _admit(self, chunks: Iterator[Chunk], context: grpc.ServicerContext) -> PacedReader[Chunk]:
        with self._lock:
            if self._stopping:
                raise _stopping()
            reader = PacedReader(chunks, patience=self._limits.idle_seconds, abandon=context.cancel)
            self._open.add(reader)
            return reader

    def _answer(
        self, reader: PacedReader[Chunk], context: grpc.ServicerContext
    ) -> Iterator[pb.PredictStreamResponse]:
        summary, options = pb.StreamSummary(), NO_OPTIONS
        oldest = time.monotonic() + self._limits.age_seconds
        choice: Choice | None = None
        with ExitStack() as stack:
            pin: Pin[LiveModel] | None = None
            while (request := self._next(reader, oldest)) is not None:
                live = pin.model if pin else self._models.current()
                if live is None:
                    raise _retired()
                if summary.chunks == 0:
                    options, choice = request.options, self._choice(request, context)
                    if request.pin_model:
                        live = self._pinned(choice, live)
                        pin = self._pins.add(live, lambda: reader.interrupt(_retired()))
                        stack.callback(self._pins.drop, pin)
                answer = [
                    self._answered(
                        choice,
                        live,
                        partial(
                            self._score,
                            request=request,
                            options=options,
                            context=context,
                            summary=summary,
                        ),
                    )
                ]
                # A stream that is quiet holds no model, unless it has pinned one, nor an answer.
                del live, request
                yield answer.pop()
        yield pb.PredictStreamResponse(summary=summary)

    def _choice(self, request: Chunk, context: grpc.ServicerContext) -> Choice | None:
        """Returns which model answers a stream, by its first chunk; None where there is but one."""
        experiment = self._split.experiment()
        if experiment is None:
            return None
        return self._split.choice(
            experiment, request.routing_key, request.rows, context.invocation_metadata()
        )

    def _pinned(self, choice: Choice | None, live: LiveModel) -> LiveModel:
        experiment = self._split.experiment()
        if choice is None or choice.variant is not Variant.CHALLENGER or experiment is None:
            return live
        return experiment.challenger

    def _answered(
        self, choice: Choice | None, live: LiveModel, score: Score
    ) -> pb.PredictStreamResponse:
        if choice is None:
            return score(live)
        if live.challenges:  # It is pinned, and nothing else is to answer.
            response, variant = score(live), Variant.CHALLENGER
        else:
            response, variant = self._split.answer(choice, live, score)
        response.chunk.variant = VARIANTS[variant]
        return response

    def _next(self, reader: PacedReader[Chunk], oldest: float) -> Chunk | None:
        left = oldest - time.monotonic()
        idle = self._limits.idle_seconds
        try:
            # guard: the wait for a chunk
            return reader.next(min(left, idle))
        except StreamEndedError:
            return None
        except TimeoutError:
            if left <= idle:
                raise ServingError(
                    Reason.STREAM_TOO_OLD,
                    f"the stream is older than {self._limits.age_seconds:g} s; open a new one",
                ) from None
            raise ServingError(
                Reason.STREAM_IDLE, f"no chunk arrived for {idle:g} s; continue in a new stream"
            ) from None

    def _score(
        self,
        live: LiveModel,
        request: Chunk,
        options: Options,
        context: grpc.ServicerContext,
        summary: pb.StreamSummary,
    ) -> pb.PredictStreamResponse:
        # Each chunk: another model may be live by now.
        self._scorer.check(live, options, len(request.rows))
        if options.receipt and request.as_matrix:
            # guard: no receipts of a matrix
            raise _receipt_of_matrix()
        now = time.time_ns()
        response = pb.PredictStreamResponse()
        # Filled in where it stands: a message is copied when it is put into another.
        chunk = response.chunk
        chunk.sequence = request.sequence
        chunk.model_version = live.version
        chunk.timestamp.CopyFrom(encode.timestamp(now))
        errors = 0
        parts = self._scorer.parts(live, request.rows, options, context)
        if request.as_matrix:
            found = [
                self._scorer.score_matrix(live, rows, start, options, context)
                for start, rows in parts
            ]
            chunk.prices.CopyFrom(encode.join_prices(found))
            errors += len(chunk.prices.errors)
        else:
            for start, rows in parts:
                results, failed = self._scorer.score_houses(
                    live, rows, start, options, context, at=now
                )
                chunk.rows.MergeFromString(results)
                errors += failed
        # Only now: the live model may have to answer what the challenger could not.
        summary.chunks += 1
        summary.rows += len(request.rows)
        summary.errors += errors
        if live.version not in summary.model_versions:
            summary.model_versions.append(live.version)
        return response


def _retired() -> ServingError:
    return ServingError(
        Reason.MODEL_RETIRED,
        "the pinned model was unloaded to make room for newer ones; continue in a new stream after "
        "the last answer, with the live model",
    )


def _receipt_of_matrix() -> ServingError:
    fix = "ask for rows, or leave receipt out of the stream's first message"
    return ServingError(
        Reason.RECEIPT_OF_MATRIX,
        f"receipt: a matrix is answered with numbers alone; {fix}",
        violations=(Violation(field="receipt", description=fix),),
    )


def _stopping() -> ServingError:
    return ServingError(
        Reason.SERVER_STOPPING,
        "the server is stopping; continue in a new stream after the last answer",
        retry_seconds=_RETRY_SECONDS,
    )
