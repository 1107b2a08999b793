"""What the dialects tell of the server and of the live model, beside prices."""

from importlib.resources import files
from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from google.rpc.code_pb2 import Code
from starlette.responses import Response

from housing_grpc.base.version import VERSION
from housing_grpc.rest.dialects import tensors
from housing_grpc.rest.dialects.answering import JSON, response
from housing_grpc.rest.dialects.live_model import LiveModel
from housing_grpc.rest.dialects.outputs import OUTPUTS, offered
from housing_grpc.rest.dialects.rows import NAMES
from housing_grpc.rest.grpc.backend import Backend
from housing_grpc.rest.http.errors import CallError, Reason, RestError
from housing_grpc.rest.http.exchange import Exchange

_SERVER = "housing-grpc"
_EXTENSIONS = ["binary_tensor_data", "model_configuration"]
_SERVING = "SERVING"
_UNAVAILABLE = 503


class ModelPages:
    """Answers what is asked of server and model.

    Args:
        backend: The gRPC server.
        live: Which model is live.
        most: Most rows of a request.
    """

    def __init__(self, backend: Backend, live: LiveModel, most: int) -> None:
        self._backend = backend
        self._live = live
        self._most = most
        method = _model_ready()
        self._ask_ready = backend.unary(method)
        self._question = GetMessageClass(method.input_type)

    async def server(self, _exchange: Exchange) -> Response:
        """Tells name and version of the proxy."""
        return response({"name": _SERVER, "version": VERSION, "extensions": _EXTENSIONS})

    async def live(self, _exchange: Exchange) -> Response:
        """Says that the proxy answers."""
        return response({"live": True})

    async def ready(self, _exchange: Exchange) -> Response:
        """Says whether prices can be had."""
        return _readiness({}, ready=await self._is_serving())

    async def ping(self, _exchange: Exchange) -> Response:
        """Says the same, in as few words."""
        code = 200 if await self._is_serving() else _UNAVAILABLE
        return Response("\n", code, media_type=JSON)

    async def model_ready(self, exchange: Exchange) -> Response:
        """Says whether prices can be had of one model; it takes no key."""
        name, version = exchange.variables["model"], exchange.variables.get("version", "")
        try:
            answer: Any = await self._ask_ready(
                self._question(name=name, version=version), exchange
            )
            ready = bool(answer.ready)
        except CallError as error:
            if error.status.code == Code.NOT_FOUND:
                raise
            # A server that does not speak this protocol still has its health.
            ready = error.status.code == Code.UNIMPLEMENTED and await self._is_serving()
        return _readiness({"name": name}, ready=ready)

    async def model(self, exchange: Exchange) -> Response:
        """Tells the tensors that the live model takes and gives."""
        model = await self._live.info(exchange)
        return response(
            {
                "name": model.name,
                "versions": [model.version],
                "platform": _platform(model),
                "inputs": [tensors.described(tensors.INPUT, (len(NAMES),))],
                "outputs": [
                    tensors.described(name, output.shape) for name, output in offered(model).items()
                ],
            }
        )

    async def config(self, exchange: Exchange) -> Response:
        """Tells what Triton would call the configuration of the live model."""
        model = await self._live.info(exchange)
        kind = f"TYPE_{tensors.DATATYPE}"
        return response(
            {
                "name": model.name,
                "platform": _platform(model),
                "backend": _SERVER,
                "max_batch_size": self._most,
                "input": [{"name": tensors.INPUT, "data_type": kind, "dims": [len(NAMES)]}],
                "output": [
                    # Triton has no tensor without a dimension.
                    {"name": name, "data_type": kind, "dims": list(OUTPUTS[name].shape or (1,))}
                    for name in offered(model)
                ],
            }
        )

    async def index(self, exchange: Exchange) -> Response:
        """Lists the live model."""
        model = await self._live.info(exchange)
        return response(
            [{"name": model.name, "version": model.version, "state": "READY", "reason": ""}]
        )

    async def status(self, exchange: Exchange) -> Response:
        """Tells the version that is live, in the words of KServe and of TensorFlow Serving."""
        model = await self._live.info(exchange)
        state = {"version": model.version, "state": "AVAILABLE"}
        fine = {"error_code": "OK", "error_message": ""}
        return response(
            {
                "name": model.name,
                "ready": True,
                "model_version_status": [{**state, "status": fine}],
            }
        )

    async def not_offered(self, _exchange: Exchange) -> Response:
        """Refuses to load or unload a model."""
        raise RestError(
            reason=Reason.UNIMPLEMENTED,
            message="which model is live is decided by promotion: housing-admin promote, or "
            "POST /v1/model/reload",
        )

    async def _is_serving(self) -> bool:
        try:
            return await self._backend.health() == _SERVING
        except CallError:
            return False


def _readiness(more: dict[str, Any], *, ready: bool) -> Response:
    return response({**more, "ready": ready}, 200 if ready else _UNAVAILABLE)


def _platform(model: Any) -> str:
    return f"{_SERVER}_{model.model_type}"


def _model_ready() -> Any:
    """Returns the method ModelReady; in a pool of its own, as its names are those of others."""
    pool: Any = DescriptorPool()  # The stubs know no Add.
    for file in FileDescriptorSet.FromString(
        files("housing").joinpath("inference.binpb").read_bytes()
    ).file:
        pool.Add(file)
    return pool.FindServiceByName("inference.GRPCInferenceService").methods_by_name["ModelReady"]
