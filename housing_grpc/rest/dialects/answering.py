"""What the answers of the dialects have in common."""

import math
from collections.abc import Iterable
from typing import Any

from google.rpc.status_pb2 import Status
from starlette.responses import Response

from housing_grpc.rest.dialects.outputs import PRICE, Value
from housing_grpc.rest.dialects.pricing import Answer
from housing_grpc.rest.http import status
from housing_grpc.rest.http.errors import Reason, RestError
from housing_grpc.rest.http.exchange import Exchange
from housing_grpc.rest.json import writer

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
"""What `curl -d` says of any body, as in the examples of other servers."""

# Whoever else asks may have no key.
NOT_STORED = {"cache-control": "no-store"}


def response(tree: Any, code: int = 200) -> Response:
    """Returns an answer in JSON."""
    return Response(writer.encode(tree), code, media_type=JSON, headers=NOT_STORED)


def text_error(error: Status) -> dict[str, Any]:
    """Returns an error whose text clients look for at "error"."""
    return {"error": error.message, "reason": status.reason_of(error)}


def remarks(answer: Answer) -> dict[str, Any]:
    """Returns what is to be told of houses that could not be scored; nothing if all could."""
    if not answer.failed:
        return {}
    return {"failed_rows": answer.failed, "first_error": answer.first_error}


def predicted(answer: Answer) -> Response:
    """Returns the answer of a dialect that has predictions, and no tensors."""
    told = {"predictions": _predictions(answer), "model_version": answer.version}
    return response({**told, **remarks(answer)})


def _predictions(answer: Answer) -> list[Any]:
    """Returns a prediction for each house: its price, or an object where more was asked for."""
    columns = {name: [printable(value) for value in values] for name, values in
               answer.columns.items()}  # fmt: skip
    if list(columns) == [PRICE]:
        return columns[PRICE]
    rows = zip(*columns.values(), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def printable(value: Value) -> Any:
    """Returns numbers as JSON has them: NaN is null."""
    if isinstance(value, list):
        return [*_without_nan(value)]
    return None if math.isnan(value) else value


def _without_nan(values: Iterable[float]) -> Iterable[float | None]:
    return (None if math.isnan(value) else value for value in values)


def check_no_query(exchange: Exchange) -> None:
    """Refuses parameters in the address, which would be passed over.

    Raises:
        RestError: UNKNOWN_PARAMETER.
    """
    if exchange.scope["query_string"]:
        raise RestError(
            reason=Reason.UNKNOWN_PARAMETER,
            message="this address takes no parameters; send what is asked in the body",
        )
