"""Has houses priced by PredictBatch, all with the same model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from google.rpc.status_pb2 import Status
from housing.v1 import prediction_pb2 as pb

from housing_grpc.rest.dialects.live_model import LiveModel
from housing_grpc.rest.dialects.options import Options
from housing_grpc.rest.dialects.outputs import APPLICABILITY, OUTPUTS, Value
from housing_grpc.rest.grpc.backend import Backend
from housing_grpc.rest.http import status
from housing_grpc.rest.http.errors import CallError, Reason, RestError, Violation
from housing_grpc.rest.http.exchange import Exchange

_PREDICT_BATCH: Any = pb.DESCRIPTOR.services_by_name["PredictionService"].methods_by_name[
    "PredictBatch"
]
_ITEMS = "items["
# A path may name a version, and that is the live one, whatever share its challenger has.
_LIVE = [("x-model-variant", "champion")]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Houses, and what is asked of them.

    Attributes:
        houses: At least one.
        path: What the place of a house follows where it is named: "input", as in "input[3].RM".
        options: What is asked.
    """

    houses: Sequence[pb.House]
    path: str
    options: Options


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Numbers of each house.

    Attributes:
        version: Of the model that answered.
        columns: By the names of the outputs, in the order in which they were asked for.
        failed: How many houses could not be scored.
        first_error: Why the first of them could not.
    """

    version: str
    columns: dict[str, list[Value]]
    failed: int
    first_error: str


class Pricing:
    """Has houses priced.

    Args:
        backend: The gRPC server.
        live: Which model is live.
    """

    def __init__(self, backend: Backend, live: LiveModel) -> None:
        self._call = backend.unary(_PREDICT_BATCH)
        self._live = live

    async def __call__(self, asked: Asked, exchange: Exchange) -> Answer:
        """Returns the answer of the model that the path names, if it names one.

        Raises:
            CallError: The server refused, or a house cannot be scored and that is no NaN.
            RestError: MODEL_NOT_FOUND, or NOT_IN_BUNDLE.
        """
        await self._live.check(exchange)
        request = pb.PredictBatchRequest(
            items=asked.houses, explain=asked.options.explains, level=asked.options.level
        )
        try:
            response: Any = await self._call(request, exchange, _LIVE)
        except CallError as error:
            raise CallError(_moved(error.status, asked.path)) from error
        await self._live.check_answer(exchange, response.model_version)
        return _answer(asked, response)


def _answer(asked: Asked, response: pb.PredictBatchResponse) -> Answer:
    results = response.results
    failed = [result.error for result in results if result.HasField("error")]
    first = _moved(failed[0], asked.path) if failed else Status()
    if failed and not asked.options.fills_errors:
        raise CallError(first)
    if APPLICABILITY in asked.options.outputs:
        _check_applicability(results)
    columns: dict[str, list[Value]] = {}
    for name in asked.options.outputs:
        output = OUTPUTS[name]
        columns[name] = [
            output.missing if failed and result.HasField("error") else output.of(result)
            for result in results
        ]
    return Answer(
        version=response.model_version,
        columns=columns,
        failed=len(failed),
        first_error=first.message,
    )


def _check_applicability(results: Sequence[pb.RowResult]) -> None:
    scored = next((result for result in results if not result.HasField("error")), None)
    if scored is not None and not scored.HasField("applicability"):
        text = (
            "the live model's bundle cannot give it; train the model again with this release, or "
            "leave the output out"
        )
        raise RestError(
            reason=Reason.NOT_IN_BUNDLE,
            message=f"{APPLICABILITY}: {text}",
            violations=[Violation(field=APPLICABILITY, description=text)],
        )


def _moved(error: Status, path: str) -> Status:
    """Names houses as the caller does."""
    return status.renamed(error, _ITEMS, f"{path}[")
