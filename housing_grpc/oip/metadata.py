"""What this dialect tells of the server and of the live model."""

from typing import Any

from housing_grpc.base.version import VERSION
from housing_grpc.bundle.schema import FEATURE_NAMES
from housing_grpc.model.live import LiveModel
from housing_grpc.oip.messages import (
    ModelConfigResponse,
    ModelMetadataResponse,
    RepositoryIndexResponse,
    ServerMetadataResponse,
)
from housing_grpc.oip.outputs import DATATYPE, offered
from housing_grpc.oip.refusals import not_found
from housing_grpc.oip.tensors import INPUT

_SERVER = "housing-grpc"
_EXTENSIONS = ("model_configuration",)
# As a dimension: how many rows a request has.
_ROWS = -1


def check_named(live: LiveModel, name: str, version: str, prefix: str = "") -> None:
    """Checks that the live model is the one that is asked for.

    Args:
        live: The live model.
        name: Of the model that is asked for.
        version: Of it, or empty for the live one.
        prefix: Of the two fields in the request.

    Raises:
        ServingError: MODEL_NOT_FOUND.
    """
    if name != live.bundle.metadata.name:
        raise not_found(f"{prefix}name", name)
    if version and version != live.version:
        raise not_found(f"{prefix}version", version)


def server() -> Any:
    """Returns name and version of the server."""
    return ServerMetadataResponse(name=_SERVER, version=VERSION, extensions=_EXTENSIONS)


def model(live: LiveModel) -> Any:
    """Returns the tensors that a model takes and gives."""
    response = ModelMetadataResponse(
        name=live.bundle.metadata.name, versions=[live.version], platform=_platform(live)
    )
    response.inputs.add(name=INPUT, datatype=DATATYPE, shape=[_ROWS, len(FEATURE_NAMES)])
    for name, output in offered(live.bundle.parts).items():
        response.outputs.add(name=name, datatype=DATATYPE, shape=[_ROWS, *output.shape])
    return response


def config(live: LiveModel, most_rows: int) -> Any:
    """Returns what Triton would call a model's configuration.

    Args:
        live: The model.
        most_rows: Of one request.
    """
    response = ModelConfigResponse()
    told = response.config
    told.name, told.platform = live.bundle.metadata.name, _platform(live)
    told.backend, told.max_batch_size = _SERVER, most_rows
    kind = f"TYPE_{DATATYPE}"
    told.input.add(name=INPUT, data_type=kind, dims=[len(FEATURE_NAMES)])
    for name, output in offered(live.bundle.parts).items():
        # Triton has no tensor without a dimension.
        told.output.add(name=name, data_type=kind, dims=output.shape or (1,))
    return response


def index(live: LiveModel | None) -> Any:
    """Returns the list of models: the live one, or none before the first one is."""
    response = RepositoryIndexResponse()
    if live is not None:
        name = live.bundle.metadata.name
        response.models.add(name=name, version=live.version, state="READY")
    return response


def _platform(live: LiveModel) -> str:
    return f"{_SERVER}_{live.bundle.metadata.model_type}"
