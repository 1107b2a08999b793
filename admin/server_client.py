"""Talks to a running prediction server."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import grpc
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status
from housing.v1 import model_pb2, model_pb2_grpc, prediction_pb2, prediction_pb2_grpc

from admin.errors import ServerError

_PREDICT_SECONDS = 30.0
_INFO_SECONDS = 5.0
_RELOAD_SECONDS = 120.0
_CHUNK = 500

Metadata = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """The price of one house, or why there is none.

    Attributes:
        price: In the target's unit, or None.
        error: Why there is no price, or "".
        warnings: About the values, one line each.
        imputed: Features that were missing and filled in.
        version: Of the model that answered.
    """

    price: float | None
    error: str
    warnings: tuple[str, ...]
    imputed: tuple[str, ...]
    version: str


class ServerClient:
    """Calls to one server.

    Args:
        channel: Open connection.
        target: Address of the server, for messages.
        api_key: Sent with each call, or None for none.
    """

    def __init__(self, channel: grpc.Channel, target: str, api_key: str | None) -> None:
        self._target = target
        self._metadata: Metadata = (("x-api-key", api_key),) if api_key else ()
        self._predictions = prediction_pb2_grpc.PredictionServiceStub(channel)
        self._models = model_pb2_grpc.ModelServiceStub(channel)

    def predict(self, houses: Sequence[Mapping[str, float]]) -> list[Prediction]:
        """Ask for the prices of houses.

        Args:
            houses: Features by name; those that are not there are imputed.

        Raises:
            ServerError: The server does not answer, or refused.
        """
        if len(houses) == 1:
            return [self._predict_one(houses[0])]
        found: list[Prediction] = []
        for start in range(0, len(houses), _CHUNK):
            items = [_house(house) for house in houses[start : start + _CHUNK]]
            request = prediction_pb2.PredictBatchRequest(items=items)
            answer = self._call(self._predictions.PredictBatch, request, _PREDICT_SECONDS)
            found += [_prediction(row, answer.model_version) for row in answer.results]
        return found

    def info(self) -> model_pb2.ModelInfoResponse:
        """Ask which model is live.

        Raises:
            ServerError: The server does not answer, or refused.
        """
        request = model_pb2.ModelInfoRequest()
        answer: model_pb2.ModelInfoResponse = self._call(
            self._models.ModelInfo, request, _INFO_SECONDS
        )
        return answer

    def reload(
        self, *, version: str | None = None, alias: str | None = None
    ) -> model_pb2.ReloadModelResponse:
        """Make another model live.

        Args:
            version: To load, or None.
            alias: Whose version to load, or None; without either, the server's own.

        Raises:
            ServerError: The server does not answer, or keeps the model it has.
        """
        if version is not None:
            request = model_pb2.ReloadModelRequest(version=version)
        elif alias is not None:
            request = model_pb2.ReloadModelRequest(alias=alias)
        else:
            request = model_pb2.ReloadModelRequest()
        answer: model_pb2.ReloadModelResponse = self._call(
            self._models.ReloadModel, request, _RELOAD_SECONDS
        )
        return answer

    def _predict_one(self, house: Mapping[str, float]) -> Prediction:
        request = prediction_pb2.PredictRequest(house=_house(house))
        answer = self._call(self._predictions.Predict, request, _PREDICT_SECONDS)
        return Prediction(
            price=answer.prediction,
            error="",
            warnings=tuple(answer.warnings),
            imputed=tuple(answer.imputed_features),
            version=answer.model_version,
        )

    def _call(self, method: Callable[..., Any], request: Any, seconds: float) -> Any:
        try:
            return method(request, timeout=seconds, metadata=self._metadata)
        except grpc.RpcError as error:
            # What a stub raises is the call itself, too.
            call = cast("grpc.Call", error)
            raise ServerError(self._explain(call, seconds)) from error

    def _explain(self, call: grpc.Call, seconds: float) -> str:
        code, text = call.code(), call.details() or ""
        status = rpc_status.from_call(call)
        if status is not None:
            return f"the server at {self._target} answered {code.name}: {_one_line(status)}"
        if code is grpc.StatusCode.UNAVAILABLE:
            return (
                f"no server answers at {self._target}; start one with: make serve,"
                " or name another with --target HOST:PORT"
            )
        if code is grpc.StatusCode.DEADLINE_EXCEEDED:
            return f"the server at {self._target} did not answer within {seconds:g} s; try again"
        return f"the server at {self._target} answered {code.name}: {text.partition(chr(10))[0]}"


@contextmanager
def connect(target: str, api_key: str | None) -> Iterator[ServerClient]:
    """Open a connection for a `with` block.

    Args:
        target: Address, host:port.
        api_key: Sent with each call, or None for none.
    """
    with grpc.insecure_channel(target) as channel:
        yield ServerClient(channel, target, api_key)


def _house(features: Mapping[str, float]) -> prediction_pb2.House:
    return prediction_pb2.House(**{name.lower(): value for name, value in features.items()})


def _prediction(row: prediction_pb2.RowResult, version: str) -> Prediction:
    scored = row.WhichOneof("outcome") == "prediction"
    return Prediction(
        price=row.prediction if scored else None,
        error="" if scored else _one_line(row.error),
        warnings=tuple(row.warnings),
        imputed=tuple(row.imputed_features),
        version=version,
    )


def _one_line(status: Status) -> str:
    """Return a status with the details that help a person."""
    text: str = status.message.partition("\n")[0]
    for detail in status.details:
        bad, info = BadRequest(), ErrorInfo()
        if detail.Unpack(bad):
            unnamed = [each for each in bad.field_violations if each.field not in text]
            text = "; ".join([text, *(f"{each.field} {each.description}" for each in unnamed)])
        elif detail.Unpack(info):
            text = f"{text} [{info.reason}]"
    return text
