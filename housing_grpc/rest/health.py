"""Tells HTTP probes what the gRPC health service says."""

from starlette.responses import Response

from housing_grpc.base.version import VERSION
from housing_grpc.rest.grpc.backend import Backend
from housing_grpc.rest.http import status
from housing_grpc.rest.http.errors import CallError
from housing_grpc.rest.http.exchange import Exchange
from housing_grpc.rest.json import writer

_SERVING = "SERVING"


class Health:
    """Answers with 200 while predictions can be had, else with 503.

    Args:
        backend: The gRPC server.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def __call__(self, _exchange: Exchange) -> Response:
        """Answers one probe."""
        answer = {"status": "UNKNOWN", "proxy_version": VERSION}
        try:
            answer["status"] = await self._backend.health()
        except CallError as error:
            answer["reason"] = status.reason_of(error.status)
        code = 200 if answer["status"] == _SERVING else 503
        return Response(writer.encode(answer), code, media_type="application/json")
