"""ModelInfer: has rows scored as PredictBatch does, and answers in tensors."""

from typing import Any

import grpc

from housing_grpc.houses.row_validation import Partition
from housing_grpc.houses.scored import Scored
from housing_grpc.model.live import LiveModel, Models
from housing_grpc.oip import metadata, outputs
from housing_grpc.oip.messages import ModelInferResponse
from housing_grpc.oip.outputs import ASSESSED
from housing_grpc.oip.request import InferRequest
from housing_grpc.services.scorer import Scorer

_SINGLE = (
    "FP32 inputs: rounding to single precision can move a value across a split of a tree, and the "
    "price by thousands of dollars; send FP64"
)


class Inference:
    """Answers requests with whatever model is live.

    Args:
        models: Where that is.
        scorer: Scores the houses.
    """

    def __init__(self, models: Models, scorer: Scorer) -> None:
        self._models = models
        self._scorer = scorer

    def answer(self, request: InferRequest, context: grpc.ServicerContext) -> Any:
        """Answers a call.

        Returns:
            A ModelInferResponse, or the bytes of one.

        Raises:
            ServingError: It cannot be answered.
        """
        live = self._live(request)
        # Most calls: a third of what they take is saved.
        if request.is_plain:
            answer = self._price(live, request)
            if answer is not None:
                return answer
        with self._scorer.admitted(live, request.options, len(request.rows)):
            return self._answer(live, request, context)

    def answer_item(self, request: InferRequest, context: grpc.ServicerContext) -> Any:
        """Answers one request of a stream, which holds no worker of other calls; else the same."""
        live = self._live(request)
        self._scorer.check(live, request.options, len(request.rows))
        return self._answer(live, request, context)

    def _live(self, request: InferRequest) -> LiveModel:
        live = self._models.current()
        metadata.check_named(live, request.model, request.version, "model_")
        outputs.check(live.bundle.parts, request.outputs)
        return live

    def _price(self, live: LiveModel, request: InferRequest) -> bytes | None:
        found = self._scorer.score_plain(live, request.rows.tobytes())
        if found is None:
            return None
        record = outputs.one_price(request.model, live.version, raw=request.raw)
        answer = record.one(found[0][:1])
        # Messages are joined by joining their bytes.
        told: bytes = ModelInferResponse(id=request.id).SerializeToString() if request.id else b""
        return answer + told

    def _answer(self, live: LiveModel, request: InferRequest, context: grpc.ServicerContext) -> Any:
        houses = self._scorer.partition(
            live, request.rows, lambda place: f"{request.path}[{place}]"
        )
        # Before any of them is scored: the protocol has no error for a row.
        if houses.errors and not request.fills_errors:
            raise houses.errors[min(houses.errors)]
        scored = self._score(live, request, houses, context)
        response = ModelInferResponse(
            model_name=request.model, model_version=live.version, id=request.id
        )
        outputs.add(response, request.outputs, houses, scored, raw=request.raw)
        _remark(response, request, houses)
        return response

    def _score(
        self,
        live: LiveModel,
        request: InferRequest,
        houses: Partition,
        context: grpc.ServicerContext,
    ) -> list[Scored]:
        assess = not ASSESSED.isdisjoint(request.outputs)
        options = request.options
        return [
            self._scorer.score_rows(live, rows, options, context, assess=assess)
            for _, rows in self._scorer.parts(live, houses.rows, options, context)
        ]


def _remark(response: Any, request: InferRequest, houses: Partition) -> None:
    told = response.parameters
    if request.single:
        told["warning"].string_param = _SINGLE
    if houses.errors:
        told["failed_rows"].int64_param = len(houses.errors)
        told["first_error"].string_param = houses.errors[min(houses.errors)].message
    if request.wants_end:
        told["triton_final_response"].bool_param = True
