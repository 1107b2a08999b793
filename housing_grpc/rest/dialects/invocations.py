"""MLflow's scoring protocol: /invocations and /ping."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

from google.rpc.status_pb2 import Status
from housing.v1.prediction_pb2 import House
from starlette.responses import Response

from housing_grpc.rest.dialects import csv_rows, objects, options
from housing_grpc.rest.dialects import rows as house_rows
from housing_grpc.rest.dialects.answering import (
    JSON,
    check_no_query,
    predicted,
)
from housing_grpc.rest.dialects.model_pages import ModelPages
from housing_grpc.rest.dialects.options import Options
from housing_grpc.rest.dialects.pricing import Asked, Pricing
from housing_grpc.rest.dialects.rows import Rows
from housing_grpc.rest.http import status
from housing_grpc.rest.http.errors import Reason
from housing_grpc.rest.http.exchange import Exchange
from housing_grpc.rest.http.router import Route
from housing_grpc.rest.json import scalars, strict
from housing_grpc.rest.json.faults import FaultError
from housing_grpc.rest.json.intake import Intake

T = TypeVar("T")

_CSV = "text/csv"
_PARAMS = "params"
# MLflow's names of errors, where it has one of the HTTP status.
_ERROR_CODES = {
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "RESOURCE_DOES_NOT_EXIST",
    429: "REQUEST_LIMIT_EXCEEDED",
    503: "TEMPORARILY_UNAVAILABLE",
}
_FAULTS = (400, 500)


def error_body(error: Status) -> dict[str, Any]:
    """Returns an error as MLflow's server writes it, with our reason beside."""
    code = status.http_status(error)
    usual = "BAD_REQUEST" if _FAULTS[0] <= code < _FAULTS[1] else "INTERNAL_ERROR"
    name = _ERROR_CODES.get(code, usual)
    return {"error_code": name, "message": error.message, "reason": status.reason_of(error)}


def routes(pages: ModelPages, invoke: "Invoke") -> Iterator[Route]:
    """Gives the routes of the protocol."""
    yield Route(verb="GET", path="/ping", endpoint=pages.ping, error_body=error_body)
    yield Route(verb="POST", path="/invocations", endpoint=invoke, error_body=error_body)


class Invoke:
    """Answers requests for prices.

    Args:
        pricing: Has houses priced.
        intake: Reads bodies.
        rows: Makes houses.
    """

    def __init__(self, pricing: Pricing, intake: Intake, rows: Rows) -> None:
        self._pricing = pricing
        self._intake = intake
        self._rows = rows
        # What holds the houses: one of these.
        self._forms: dict[str, scalars.Read] = {
            "dataframe_split": self._split,
            "dataframe_records": rows.listed,
            "instances": rows.listed,
            "inputs": self._inputs,
        }
        self._fields = {**self._forms, _PARAMS: objects.whole}

    async def __call__(self, exchange: Exchange) -> Response:
        """Answers one request."""
        asked = await self._intake.read(exchange, partial(self.read, exchange))
        return predicted(await self._pricing(asked, exchange))

    def read(self, exchange: Exchange, body: bytes) -> Asked:
        """Reads a request.

        Raises:
            RestError: It cannot be taken.
            FaultError: The same.
        """
        exchange.check_media_type((JSON, _CSV), needed=True)
        check_no_query(exchange)
        if exchange.header(b"content-type").partition(";")[0].strip().lower() == _CSV:
            houses = csv_rows.read(body, self._rows)
            return Asked(houses=houses, path=csv_rows.PATH, options=Options())
        # MLflow's client sends a frame's missing values as NaN.
        tree = objects.read(strict.parse(body, nan_is_null=True), self._fields)
        forms = [name for name in self._forms if name in tree]
        if len(forms) != 1:
            text = f"must have exactly one of {', '.join(self._forms)}"
            raise FaultError.at(Reason.JSON_ONEOF_CONFLICT, text)
        chosen = options.read(tree.get(_PARAMS, {}), _PARAMS)
        form = forms[0]
        path = f"{form}.data" if form == "dataframe_split" else form
        return Asked(houses=tree[form], path=path, options=chosen)

    def _split(self, value: Any) -> list[House]:
        """Reads names of columns, and rows of their values; `index` is passed over."""
        tree = objects.read(value, {"columns": _values, "data": _values, "index": _values})
        columns = [*_under("columns", lambda: house_rows.check_columns(tree.get("columns", [])))]
        data = tree.get("data", [])
        return _under("data", lambda: self._rows.listed(data, columns))

    def _inputs(self, value: Any) -> list[House]:
        """Reads rows, or columns by feature: each a list of values, or one value."""
        if not isinstance(value, dict):
            return self._rows.listed(value)
        tree = objects.whole(value)
        names = house_rows.check_columns(list(tree))
        columns = {name: _column(tree[name]) for name in names}
        lengths = {name: len(column) for name, column in columns.items()}
        for name, length in lengths.items():
            if length != lengths[names[0]]:
                text = f"holds {length} values, and {names[0]} {lengths[names[0]]}; send as many"
                raise FaultError.at(Reason.SHAPE_MISMATCH, text, name)
        self._rows.check_count(lengths[names[0]] if names else 0)
        return self._rows.columns({name: _numbers(name, columns[name]) for name in names})


def _values(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise scalars.wrong(value, "a list")
    return value


def _column(value: Any) -> list[Any]:
    if not isinstance(value, list):
        return [value]
    # A column may be a column of a matrix.
    return [each[0] if isinstance(each, list) and len(each) == 1 else each for each in value]


def _numbers(name: str, values: Sequence[Any]) -> list[float]:
    steps = [f"[{place}]" for place in range(len(values))]
    return _under(name, lambda: house_rows.numbers(values, steps))


def _under(step: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except FaultError as error:
        raise FaultError(error.under(step)) from None
