"""From what callers give to the messages of the contract, and how long to wait for each."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from housing.v1 import model_pb2, prediction_pb2

from . import decode
from .asked import NOTHING, Asked
from .chunks import Form, Layout
from .errors import InvalidArgumentError
from .house import HouseLike, read
from .ledger import StreamPolicy
from .results import Prediction, RowError

PREDICT_SECONDS = 10.0
BATCH_SECONDS = 60.0
INFO_SECONDS = 5.0
# The server itself gives its registry ten seconds.
RELOAD_SECONDS = 120.0
# The previous model is in memory, but a worker process may just be restarted.
ROLLBACK_SECONDS = 30.0


def predict(
    house: HouseLike | None, features: Mapping[str, Any], asked: Asked = NOTHING
) -> prediction_pb2.PredictRequest:
    """Returns the request for the price of one house.

    Raises:
        InvalidArgumentError: A name is no feature, or a value is no number.
    """
    try:
        found = {**(read(house) if house is not None else {}), **read(features)}
    except InvalidArgumentError as error:
        raise error.inside("house") from None
    return prediction_pb2.PredictRequest(house=prediction_pb2.House(**found), **asked.fields)


class Batch:
    """Houses for PredictBatch; one that cannot be sent is there as an empty one.

    Args:
        houses: As callers have them.
        asked: What is asked for beside prices.
    """

    def __init__(self, houses: Iterable[HouseLike], asked: Asked = NOTHING) -> None:
        self._chunk = Layout(form="rows", ignore=()).pack(0, list(houses))
        self.request = prediction_pb2.PredictBatchRequest(
            items=self._chunk.payload,  # type: ignore[arg-type]
            **asked.fields,
        )

    def results(self, answer: prediction_pb2.PredictBatchResponse) -> list[Prediction | RowError]:
        """Returns one result a house, in order."""
        at, version = decode.moment(answer.timestamp), answer.model_version
        return [
            self._chunk.faults.get(row) or decode.row_result(result, row, row, version, at)
            for row, result in enumerate(answer.results)
        ]


def info() -> model_pb2.ModelInfoRequest:
    """Returns the request for what is known of the live model."""
    return model_pb2.ModelInfoRequest()


def reload(
    version: str | None, alias: str | None, *, dry_run: bool
) -> model_pb2.ReloadModelRequest:
    """Returns the request for another model.

    Raises:
        InvalidArgumentError: There are two targets.
    """
    if version is not None and alias is not None:
        raise InvalidArgumentError("give a version or an alias, not both", reason="INVALID_TARGET")
    if version is not None:
        return model_pb2.ReloadModelRequest(version=str(version), dry_run=dry_run)
    return model_pb2.ReloadModelRequest(alias=alias or None, dry_run=dry_run)


def rollback() -> model_pb2.RollbackModelRequest:
    """Returns the request for the previous model."""
    return model_pb2.RollbackModelRequest()


def policy(chosen: StreamPolicy | None, *, pin_model: bool) -> StreamPolicy:
    """Returns how to stream a job."""
    base = chosen or StreamPolicy()
    return replace(base, pin_model=base.pin_model or pin_model)


def layout(
    form: Form, chunk_rows: int, ignore: Collection[str], keep: Sequence[str], *, skip: int = 0
) -> Layout:
    """Returns how the houses of a job are read and cut into chunks.

    Raises:
        ValueError: `form` or `chunk_rows` makes no sense.
    """
    ignored = frozenset(name.lower() for name in ignore)
    kept = (keep,) if isinstance(keep, str) else tuple(keep)
    return Layout(form=form, chunk_rows=chunk_rows, ignore=ignored, keep=kept, skip=skip)
