"""Which model is live: what callers name has to be it."""

from typing import Any

from housing.v1 import model_pb2

from housing_grpc.rest.grpc.backend import Backend
from housing_grpc.rest.http.errors import Reason, RestError, Violation
from housing_grpc.rest.http.exchange import Exchange
from housing_grpc.rest.json.faults import shortened

_MODEL_INFO: Any = model_pb2.DESCRIPTOR.services_by_name["ModelService"].methods_by_name[
    "ModelInfo"
]


class LiveModel:
    """Knows the live model as the server last told it, and asks where that may be out of date.

    Args:
        backend: The gRPC server.
    """

    def __init__(self, backend: Backend) -> None:
        self._call = backend.unary(_MODEL_INFO)
        self._known = model_pb2.ModelInfoResponse()

    async def info(self, exchange: Exchange) -> Any:
        """Returns what the server tells of it now: a ModelInfoResponse.

        Raises:
            CallError: The server refused.
            RestError: MODEL_NOT_FOUND: the path names another model or version.
        """
        name, version = _named(exchange)
        await self._ask(exchange)
        self._check(name, version, self._known.version)
        return self._known

    async def check(self, exchange: Exchange) -> None:
        """Checks that the path names the live model, before it is asked.

        Raises:
            CallError: The server refused.
            RestError: MODEL_NOT_FOUND.
        """
        name, version = _named(exchange)
        if name and not (name == self._known.name and version in ("", self._known.version)):
            await self._ask(exchange)
            self._check(name, version, self._known.version)

    async def check_answer(self, exchange: Exchange, answered: str) -> None:
        """Checks the same once more where another version answered than was known.

        Args:
            exchange: The request.
            answered: The version that answered.

        Raises:
            CallError: The server refused.
            RestError: MODEL_NOT_FOUND.
        """
        name, version = _named(exchange)
        # guard: the version that answered
        if name and answered != self._known.version:
            await self._ask(exchange)
            self._check(name, version, answered)

    async def _ask(self, exchange: Exchange) -> None:
        self._known = await self._call(model_pb2.ModelInfoRequest(), exchange)  # type: ignore[assignment]

    def _check(self, name: str, version: str, live: str) -> None:
        # guard: the model that is named
        if name not in ("", self._known.name):
            raise _not_found("model", name)
        if version and version != live:
            raise _not_found("version", version)


def _named(exchange: Exchange) -> tuple[str, str]:
    return exchange.variables.get("model", ""), exchange.variables.get("version", "")


def _not_found(what: str, asked: str) -> RestError:
    """Returns the error of who asks for another model than the live one.

    Args:
        what: "model" or "version".
        asked: The name in the path.
    """
    text = f"'{shortened(asked)}' is not live here; GET /v1/model/info tells which is"
    return RestError(
        reason=Reason.MODEL_NOT_FOUND,
        message=f"{what}: {text}",
        violations=[Violation(field=what, description=text)],
    )
