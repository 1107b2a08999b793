"""Talks to a running prediction server."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import grpc
from housing.v1 import (
    experiment_pb2,
    experiment_pb2_grpc,
    model_pb2,
    model_pb2_grpc,
    prediction_pb2,
    prediction_pb2_grpc,
)

from ..base.errors import ServerError
from ..base.settings import Settings
from . import answers, refusal
from .answers import Prediction
from .channel import checked_key, opened

_PREDICT_SECONDS = 30.0
_INFO_SECONDS = 5.0
_EXPERIMENT_SECONDS = 15.0
_RELOAD_SECONDS = 120.0
_CHUNK = 500

Metadata = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is asked for beside prices.

    Attributes:
        explain: Whether to say what makes each price.
        reference: A house to explain prices against, or None.
        level: Share of prices that intervals are to hold, or None for the server's own.
    """

    explain: bool = False
    reference: Mapping[str, float] | None = None
    level: float | None = None

    @property
    def explains(self) -> bool:
        """Whether prices are to be explained."""
        return self.explain or self.reference is not None

    def fields(self) -> dict[str, Any]:
        """Return the fields of a request."""
        reference = {} if self.reference is None else {"reference": _house(self.reference)}
        return {"explain": self.explain, "level": self.level or 0.0, **reference}


NOTHING = Asked()


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
        self._experiments = experiment_pb2_grpc.ExperimentServiceStub(channel)

    def predict(
        self, houses: Sequence[Mapping[str, float]], asked: Asked = NOTHING
    ) -> list[Prediction]:
        """Ask for the prices of houses.

        Args:
            houses: Features by name; those that are not there are imputed.
            asked: What is asked for beside prices.

        Raises:
            ServerError: The server does not answer, or refused.
        """
        found: list[Prediction] = []
        most = self._most_explained() if asked.explains else _CHUNK
        for start in range(0, len(houses), most):
            items = [_house(house) for house in houses[start : start + most]]
            request = prediction_pb2.PredictBatchRequest(items=items, **asked.fields())
            answer = self._call(self._predictions.PredictBatch, request, _PREDICT_SECONDS)
            found += answers.of_batch(answer, start)
        return found

    def _most_explained(self) -> int:
        """Return how many houses go into a call that explains their prices."""
        try:
            most = self.info().explanation.max_rows
        except ServerError:
            # A key that may predict need not be one that may ask about the model.
            return _CHUNK
        return min(most, _CHUNK) or _CHUNK

    def predict_one(self, house: Mapping[str, float], asked: Asked = NOTHING) -> Prediction:
        """Ask for the price of a house.

        Args:
            house: Features by name; those that are not there are imputed.
            asked: What is asked for beside the price.

        Raises:
            ServerError: The server does not answer, or refused.
        """
        request = prediction_pb2.PredictRequest(house=_house(house), **asked.fields())
        return answers.of_house(self._call(self._predictions.Predict, request, _PREDICT_SECONDS))

    def info(self, *, seconds: float = _INFO_SECONDS) -> model_pb2.ModelInfoResponse:
        """Ask which model is live.

        Args:
            seconds: Longest wait for the answer.

        Raises:
            ServerError: The server does not answer, or refused.
        """
        request = model_pb2.ModelInfoRequest()
        answer: model_pb2.ModelInfoResponse = self._call(self._models.ModelInfo, request, seconds)
        return answer

    def experiment(self) -> experiment_pb2.GetExperimentResponse:
        """Ask how the challenger does.

        Raises:
            ServerError: The server does not answer, or has no challenger.
        """
        request = experiment_pb2.GetExperimentRequest()
        answer: experiment_pb2.GetExperimentResponse = self._call(
            self._experiments.GetExperiment, request, _EXPERIMENT_SECONDS
        )
        return answer

    def reload(
        self, *, version: str | None = None, alias: str | None = None, dry_run: bool = False
    ) -> model_pb2.ReloadModelResponse:
        """Make another model live.

        Args:
            version: To load, or None.
            alias: Whose version to load, or None; without either, the server's own.
            dry_run: Whether to change nothing, and to learn how prices would differ.

        Raises:
            ServerError: The server does not answer, or keeps the model it has.
        """
        request = model_pb2.ReloadModelRequest(version=version, alias=alias, dry_run=dry_run)
        answer: model_pb2.ReloadModelResponse = self._call(
            self._models.ReloadModel, request, _RELOAD_SECONDS
        )
        return answer

    def _call(self, method: Callable[..., Any], request: Any, seconds: float) -> Any:
        try:
            return method(request, timeout=seconds, metadata=self._metadata)
        except grpc.RpcError as error:
            # What a stub raises is the call itself, too.
            call = cast("grpc.Call", error)
            text = refusal.explain(call, self._target, seconds, keyed=bool(self._metadata))
            raise ServerError(text) from error


@contextmanager
def connect(settings: Settings, target: str, *, tls: bool = False) -> Iterator[ServerClient]:
    """Open a connection for a `with` block.

    Args:
        settings: The key, and the certificates of an encrypted connection.
        target: Address, host:port.
        tls: Whether to encrypt even if the settings name no certificates.

    Raises:
        UsageError: The key or a certificate cannot be used.
    """
    with opened(settings, target, tls=tls) as channel:
        yield ServerClient(channel, target, checked_key(settings.api_key))


def _house(features: Mapping[str, float]) -> prediction_pb2.House:
    return prediction_pb2.House(**{name.lower(): value for name, value in features.items()})
