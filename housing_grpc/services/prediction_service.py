"""PredictionService: prices for houses, which have been read out of the request before."""

import time
from collections.abc import Iterator

import grpc
from housing.v1 import prediction_pb2

from housing_grpc.challenger.traffic_split import Split
from housing_grpc.houses import encode
from housing_grpc.houses.decode import BatchRequest, Chunk, HouseRequest
from housing_grpc.model.live import LiveModel, Models
from housing_grpc.services.predict_stream import StreamScorer
from housing_grpc.services.scorer import Scorer
from housing_grpc.services.variant_messages import OF_BATCH, OF_HOUSE


class PredictionServicer:
    """Predicts with whatever model is live when the call is served, or with its challenger.

    Args:
        models: Where the live model is.
        split: Says which calls the challenger answers.
        streams: Scores PredictStream.
        scorer: Scores all else.
    """

    def __init__(self, models: Models, split: Split, streams: StreamScorer, scorer: Scorer) -> None:
        self._models = models
        self._split = split
        self._scorer = scorer
        self._streams = streams

    def Predict(self, request: HouseRequest, context: grpc.ServicerContext) -> bytes:
        """Predicts the price of one house."""
        live, experiment = self._models.current(), self._split.experiment()
        choice = None
        if experiment is not None:
            metadata = context.invocation_metadata()
            choice = self._split.choice(experiment, request.routing_key, request.row, metadata)
        if choice is None:
            return self._priced(request, context, live)
        answer, variant = self._split.answer(
            choice, live, lambda model: self._priced(request, context, model)
        )
        return answer + OF_HOUSE[variant]

    def _priced(
        self, request: HouseRequest, context: grpc.ServicerContext, model: LiveModel
    ) -> bytes:
        with self._scorer.admitted(model, request.options, 1):
            return self._scorer.score_house(model, request.row, request.options, context)

    def PredictBatch(self, request: BatchRequest, context: grpc.ServicerContext) -> bytes:
        """Predicts the prices of many houses, all with the same model."""
        live, experiment = self._models.current(), self._split.experiment()
        choice = None
        if experiment is not None:
            metadata = context.invocation_metadata()
            choice = self._split.choice(experiment, request.routing_key, request.rows, metadata)
        if choice is None:
            return self._batch_priced(request, context, live)
        answer, variant = self._split.answer(
            choice, live, lambda model: self._batch_priced(request, context, model)
        )
        return answer + OF_BATCH[variant]

    def _batch_priced(
        self, request: BatchRequest, context: grpc.ServicerContext, model: LiveModel
    ) -> bytes:
        options, now = request.options, time.time_ns()
        with self._scorer.admitted(model, options, len(request.rows)):
            results = [
                self._scorer.score_houses(model, rows, start, options, context, at=now)[0]
                for start, rows in self._scorer.parts(model, request.rows, options, context)
            ]
        rest = prediction_pb2.PredictBatchResponse(
            model_version=model.version, timestamp=encode.timestamp(now)
        )
        # Results are field 1 of both messages, and messages are joined by joining their bytes.
        return b"".join((*results, rest.SerializeToString()))

    def PredictStream(
        self, request_iterator: Iterator[Chunk], context: grpc.ServicerContext
    ) -> Iterator[prediction_pb2.PredictStreamResponse]:
        """Predicts the prices of any number of houses, chunk by chunk."""
        return self._streams.score(request_iterator, context)
