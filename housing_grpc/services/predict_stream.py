"""PredictStream: chunks in, answers out, in order and at the caller's pace."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial

import grpc
from housing.v1 import prediction_pb2 as pb

from housing_grpc.base.errors import Reason, ServingError, Violation
from housing_grpc.challenger.traffic_split import Choice, Split
from housing_grpc.houses import encode
from housing_grpc.houses.decode import Chunk
from housing_grpc.houses.options import NO_OPTIONS, Options
from housing_grpc.model.live import LiveModel, Models
from housing_grpc.model.pinned_models import Pin, PinnedModels
from housing_grpc.receipts.record import Variant
from housing_grpc.services.open_streams import OpenStream, OpenStreams
from housing_grpc.services.scorer import Scorer
from housing_grpc.services.variant_messages import VARIANTS

Score = Callable[[LiveModel], pb.PredictStreamResponse]


class StreamScorer:
    """Scores streams.

    Args:
        models: Where the live model is.
        split: Says which streams the challenger answers.
        pins: Those that streams have pinned.
        scorer: Scores the houses.
        streams: Those that are open.
    """

    def __init__(
        self,
        models: Models,
        split: Split,
        pins: PinnedModels[LiveModel],
        scorer: Scorer,
        streams: OpenStreams,
    ) -> None:
        self._models = models
        self._split = split
        self._pins = pins
        self._scorer = scorer
        self._streams = streams

    def score(
        self, chunks: Iterator[Chunk], context: grpc.ServicerContext
    ) -> Iterator[pb.PredictStreamResponse]:
        """Answers every chunk, then sums up.

        Raises:
            ServingError: The stream cannot go on; the reason says why.
        """
        with self._streams.opened(chunks, context) as stream:
            yield from self._answer(stream, context)

    def _answer(
        self, stream: OpenStream[Chunk], context: grpc.ServicerContext
    ) -> Iterator[pb.PredictStreamResponse]:
        summary, options = pb.StreamSummary(), NO_OPTIONS
        choice: Choice | None = None
        with ExitStack() as stack:
            pin: Pin[LiveModel] | None = None
            while (request := stream.next()) is not None:
                live = pin.model if pin else self._models.current()
                if live is None:
                    raise _retired()
                if summary.chunks == 0:
                    options, choice = request.options, self._choice(request, context)
                    if request.pin_model:
                        live = self._pinned(choice, live)
                        pin = self._pins.add(live, lambda: stream.interrupt(_retired()))
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
