"""Says why a call of the protocol is not answered here."""

from functools import partial
from typing import Any, NoReturn

import grpc

from housing_grpc.base import status
from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.calls.call_pool import InlinePool, on_pool
from housing_grpc.oip.messages import SERVICE

_PATH = f"/{SERVICE.full_name}/"
_REPOSITORY = (
    "which model is live is decided by promotion: housing-admin promote, or ReloadModel of "
    "housing.v1.ModelService"
)
_SHARED_MEMORY = "the server reads no shared memory; send values in the request"
_METRICS = "Prometheus reads what is counted at METRICS_PORT"
_WHY = {
    "ModelStatistics": _METRICS,
    "RepositoryModelLoad": _REPOSITORY,
    "RepositoryModelUnload": _REPOSITORY,
    "TraceSetting": "traces are set up by OpenTelemetry's variables",
    "LogSettings": "LOG_LEVEL and LOG_FORMAT are set where the server is started",
}
_OFF = "the Open Inference Protocol is switched off; start the server with DIALECTS=oip"


class Unimplemented(grpc.GenericRpcHandler):
    """Answers calls of the protocol that nothing else answers.

    Args:
        off: Whether the protocol is switched off.
    """

    def __init__(self, *, off: bool) -> None:
        self._off = off
        self._pool = InlinePool(1)

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        """Returns the handler of a call; grpcio asks with each one."""
        path: Any = details.method
        if not path.startswith(_PATH):
            return None
        why = _OFF if self._off else _why(path.removeprefix(_PATH))
        # Both ways a stream: the library would wait for the message of a unary call.
        return grpc.stream_stream_rpc_method_handler(on_pool(partial(_refuse, why), self._pool))


def _why(name: str) -> str:
    if "SharedMemory" in name:
        return _SHARED_MEMORY
    return _WHY.get(name, "the Open Inference Protocol has no such call")


def _refuse(why: str, _: Any, context: grpc.ServicerContext) -> NoReturn:
    context.abort_with_status(status.to_grpc(ServingError(Reason.UNIMPLEMENTED, why)))
