"""PredictionService: prices for houses, which have been read out of the request before."""

import time
from collections.abc import Iterator

import grpc
from housing.v1 import prediction_pb2

from housing_grpc.houses import encode
from housing_grpc.houses.decode import BatchRequest, Chunk, HouseRequest
from housing_grpc.model.live import Models
from housing_grpc.services.scorer import Scorer
from housing_grpc.services.stream import StreamScorer


class PredictionServicer:
    """Predicts with whatever model is live when the call is served.

    Args:
        models: Where the live model is.
        streams: Scores PredictStream.
        scorer: Scores all else.
    """

    def __init__(self, models: Models, streams: StreamScorer, scorer: Scorer) -> None:
        self._models = models
        self._scorer = scorer
        self._streams = streams

    def Predict(self, request: HouseRequest, context: grpc.ServicerContext) -> bytes:
        """Predicts the price of one house."""
        live, options = self._models.current(), request.options
        with self._scorer.admitted(live, options, 1):
            return self._scorer.score_house(live, request.row, options, context)

    def PredictBatch(self, request: BatchRequest, context: grpc.ServicerContext) -> bytes:
        """Predicts the prices of many houses, all with the same model."""
        live, options, now = self._models.current(), request.options, time.time_ns()
        with self._scorer.admitted(live, options, len(request.rows)):
            results = [
                self._scorer.score_houses(live, rows, start, options, context, at=now)[0]
                for start, rows in self._scorer.parts(live, request.rows, options, context)
            ]
        rest = prediction_pb2.PredictBatchResponse(
            model_version=live.version, timestamp=encode.timestamp(now)
        )
        # Results are field 1 of both messages, and messages are joined by joining their bytes.
        return b"".join((*results, rest.SerializeToString()))

    def PredictStream(
        self, request_iterator: Iterator[Chunk], context: grpc.ServicerContext
    ) -> Iterator[prediction_pb2.PredictStreamResponse]:
        """Predicts the prices of any number of houses, chunk by chunk."""
        return self._streams.score(request_iterator, context)
