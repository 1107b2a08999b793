"""PredictStream: chunks in, answers out, in order and at the caller's pace."""

import time
from collections.abc import Iterator
from contextlib import ExitStack

import grpc
from housing.v1 import prediction_pb2 as pb

from housing_grpc.base.errors import Reason, ServingError, Violation
from housing_grpc.houses import encode
from housing_grpc.houses.decode import Chunk
from housing_grpc.houses.options import NO_OPTIONS, Options
from housing_grpc.model.live import LiveModel, Models
from housing_grpc.model.pinned_models import Pin, PinnedModels
from housing_grpc.services.open_streams import OpenStream, OpenStreams
from housing_grpc.services.scorer import Scorer


class StreamScorer:
    """Scores streams.

    Args:
        models: Where the live model is.
        pins: Those that streams have pinned.
        scorer: Scores the houses.
        streams: Those that are open.
    """

    def __init__(
        self, models: Models, pins: PinnedModels[LiveModel], scorer: Scorer, streams: OpenStreams
    ) -> None:
        self._models = models
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
        with ExitStack() as stack:
            pin: Pin[LiveModel] | None = None
            while (request := stream.next()) is not None:
                live = pin.model if pin else self._models.current()
                if live is None:
                    raise _retired()
                if summary.chunks == 0:
                    options = request.options
                    if request.pin_model:
                        pin = self._pins.add(live, lambda: stream.interrupt(_retired()))
                        stack.callback(self._pins.drop, pin)
                answer = [self._score(live, request, options, context, summary)]
                # A stream that is quiet holds no model, unless it has pinned one, nor an answer.
                del live, request
                yield answer.pop()
        yield pb.PredictStreamResponse(summary=summary)

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
        summary.chunks += 1
        summary.rows += len(request.rows)
        if live.version not in summary.model_versions:
            summary.model_versions.append(live.version)
        parts = self._scorer.parts(live, request.rows, options, context)
        if request.as_matrix:
            found = [
                self._scorer.score_matrix(live, rows, start, options, context)
                for start, rows in parts
            ]
            chunk.prices.CopyFrom(encode.join_prices(found))
            summary.errors += len(chunk.prices.errors)
        else:
            for start, rows in parts:
                results, failed = self._scorer.score_houses(
                    live, rows, start, options, context, at=now
                )
                chunk.rows.MergeFromString(results)
                summary.errors += failed
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
