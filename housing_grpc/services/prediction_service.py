"""PredictionService: prices for houses, which have been read out of the request before."""

from collections.abc import Iterator

import grpc
from housing.v1 import prediction_pb2

from housing_grpc.bundle.arrays import Rows
from housing_grpc.houses import encode
from housing_grpc.houses.decode import Chunk
from housing_grpc.model.live import Models
from housing_grpc.services.scorer import Scorer, parts
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

    def Predict(
        self, request: Rows, context: grpc.ServicerContext
    ) -> prediction_pb2.PredictResponse:
        """Predicts the price of one house."""
        return self._scorer.score_house(self._models.current(), request)

    def PredictBatch(self, request: Rows, context: grpc.ServicerContext) -> bytes:
        """Predicts the prices of many houses, all with the same model."""
        live = self._models.current()
        results = [
            self._scorer.score_houses(live, rows, start)[0]
            for start, rows in parts(request, context)
        ]
        rest = prediction_pb2.PredictBatchResponse(
            model_version=live.version, timestamp=encode.timestamp()
        )
        # Results are field 1 of both messages, and messages are joined by joining their bytes.
        return b"".join((*results, rest.SerializeToString()))

    def PredictStream(
        self, request_iterator: Iterator[Chunk], context: grpc.ServicerContext
    ) -> Iterator[prediction_pb2.PredictStreamResponse]:
        """Predicts the prices of any number of houses, chunk by chunk."""
        return self._streams.score(request_iterator, context)
