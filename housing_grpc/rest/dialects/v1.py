"""The V1 protocol of KServe, which is TensorFlow Serving's: instances in, predictions out."""

from collections.abc import Iterator
from functools import partial

from starlette.responses import Response

from housing_grpc.rest.dialects import objects, options
from housing_grpc.rest.dialects.answering import (
    FORM,
    JSON,
    check_no_query,
    predicted,
    text_error,
)
from housing_grpc.rest.dialects.model_pages import ModelPages
from housing_grpc.rest.dialects.pricing import Asked, Pricing
from housing_grpc.rest.dialects.rows import Rows
from housing_grpc.rest.http.errors import Reason
from housing_grpc.rest.http.exchange import Exchange
from housing_grpc.rest.http.router import Route
from housing_grpc.rest.json import scalars, strict
from housing_grpc.rest.json.faults import FaultError
from housing_grpc.rest.json.intake import Intake

_MODEL = "/v1/models/{model}"
_INSTANCES, _PARAMETERS = "instances", "parameters"


def routes(pages: ModelPages, predict: "Predict") -> Iterator[Route]:
    """Gives the routes of the protocol."""
    for model in (_MODEL, f"{_MODEL}/versions/{{version}}"):
        yield Route(verb="GET", path=model, endpoint=pages.status, error_body=text_error)
        path = f"{model}:predict"
        yield Route(verb="POST", path=path, endpoint=predict, error_body=text_error)


class Predict:
    """Answers requests for prices.

    Args:
        pricing: Has houses priced.
        intake: Reads bodies.
        rows: Makes houses.
    """

    def __init__(self, pricing: Pricing, intake: Intake, rows: Rows) -> None:
        self._pricing = pricing
        self._intake = intake
        self._fields: dict[str, scalars.Read] = {
            _INSTANCES: rows.listed,
            _PARAMETERS: objects.whole,
            # There is one.
            "signature_name": scalars.text,
        }

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
        exchange.check_media_type((JSON, FORM), needed=False)
        check_no_query(exchange)
        tree = objects.read(strict.parse(body), self._fields)
        if _INSTANCES not in tree:
            text = "is not there; send a list of houses"
            raise FaultError.at(Reason.EMPTY_BATCH, text, _INSTANCES)
        chosen = options.read(tree.get(_PARAMETERS, {}), _PARAMETERS)
        return Asked(houses=tree[_INSTANCES], path=_INSTANCES, options=chosen)
