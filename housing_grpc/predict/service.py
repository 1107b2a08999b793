"""The two services: decode, predict, encode."""

from collections.abc import Iterator
from typing import Protocol

import grpc
from housing.v1 import model_pb2, model_pb2_grpc, prediction_pb2, prediction_pb2_grpc

from housing_grpc.calls.boundary import check_active
from housing_grpc.houses import encode
from housing_grpc.houses.decode_plain import PlainBatch, PlainChunk, PlainHouse
from housing_grpc.houses.row_limit import check_count
from housing_grpc.model.live import Live, Models
from housing_grpc.model.manager import Reloaded
from housing_grpc.model.source import Target
from housing_grpc.predict import model_info
from housing_grpc.predict.scorer import Scorer
from housing_grpc.predict.stream import StreamScorer

# Between two chunks of a batch the call is given up if nobody waits for it.
_CHUNK_ROWS = 1024


class PredictionServicer(prediction_pb2_grpc.PredictionServiceServicer):
    """Predicts with whatever model is live when the call is served.

    Args:
        models: Where the live model is.
        streams: Scores PredictStream.
        scorer: Scores all else.
        max_batch_rows: Most houses in one PredictBatch.
    """

    def __init__(
        self, models: Models, streams: StreamScorer, scorer: Scorer, *, max_batch_rows: int
    ) -> None:
        self._models = models
        self._scorer = scorer
        self._streams = streams
        self._max_batch_rows = max_batch_rows

    def Predict(  # type: ignore[override]  # or the bytes of the answer
        self, request: prediction_pb2.PredictRequest | PlainHouse, context: grpc.ServicerContext
    ) -> prediction_pb2.PredictResponse | bytes:
        """Predicts the price of one house."""
        live = self._models.current()
        if isinstance(request, PlainHouse):
            return self._scorer.score_plain(live, request)
        return self._scorer.score_house(live, request.house)

    def PredictBatch(
        self,
        request: prediction_pb2.PredictBatchRequest | PlainBatch,
        context: grpc.ServicerContext,
    ) -> prediction_pb2.PredictBatchResponse:
        """Predicts the prices of many houses, all with the same model."""
        count = len(request.items)
        check_count(count, self._max_batch_rows, "items")
        live = self._models.current()
        parts = []
        for start in range(0, count, _CHUNK_ROWS):
            check_active(context)
            houses = request.items[start : start + _CHUNK_ROWS]
            parts.append(self._scorer.score_houses(live, houses, start)[0])
        # Both hold their results in field 1.
        response = prediction_pb2.PredictBatchResponse.FromString(b"".join(parts))
        response.model_version = live.version
        response.timestamp.CopyFrom(encode.timestamp())
        return response

    def PredictStream(
        self,
        request_iterator: Iterator[prediction_pb2.PredictStreamRequest | PlainChunk],
        context: grpc.ServicerContext,
    ) -> Iterator[prediction_pb2.PredictStreamResponse]:
        """Predicts the prices of any number of houses, chunk by chunk."""
        return self._streams.score(request_iterator, context)


class Reloads(Protocol):
    """Changes the live model, here and wherever else it serves."""

    def reload(self, target: Target) -> Reloaded[Live]:
        """Makes the wanted model live; on any error the old one goes on serving."""
        ...


class ModelServicer(model_pb2_grpc.ModelServiceServicer):
    """Tells about the live model, and changes it.

    Args:
        models: Where the live model is.
        reloads: Changes it.
    """

    def __init__(self, models: Models, reloads: Reloads) -> None:
        self._models = models
        self._reloads = reloads

    def ModelInfo(
        self, request: model_pb2.ModelInfoRequest, context: grpc.ServicerContext
    ) -> model_pb2.ModelInfoResponse:
        """Tells all about the model that is live."""
        return model_info.encode_info(self._models.current())

    def ReloadModel(
        self, request: model_pb2.ReloadModelRequest, context: grpc.ServicerContext
    ) -> model_pb2.ReloadModelResponse:
        """Makes another version live, without dropping a call."""
        target = model_info.decode_target(request)
        return model_info.encode_reloaded(self._reloads.reload(target))
