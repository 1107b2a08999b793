"""The protocol's messages, in a pool of their own.

In the pool of the process they would collide with those of other clients of the protocol, each of
which registers the same names.
"""

from importlib.resources import files
from typing import Any

from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

PACKAGE = "inference"
FILE = "inference.binpb"


def _load() -> DescriptorPool:
    pool: Any = DescriptorPool()  # The stubs know no Add.
    for file in FileDescriptorSet.FromString(files("housing").joinpath(FILE).read_bytes()).file:
        pool.Add(file)
    found: DescriptorPool = pool
    return found


def _message(name: str) -> Any:
    return GetMessageClass(POOL.FindMessageTypeByName(f"{PACKAGE}.{name}"))


POOL = _load()
SERVICE: ServiceDescriptor = POOL.FindServiceByName(f"{PACKAGE}.GRPCInferenceService")

ServerLiveResponse = _message("ServerLiveResponse")
ServerReadyResponse = _message("ServerReadyResponse")
ModelReadyResponse = _message("ModelReadyResponse")
ServerMetadataResponse = _message("ServerMetadataResponse")
ModelMetadataResponse = _message("ModelMetadataResponse")
ModelInferRequest = _message("ModelInferRequest")
ModelInferResponse = _message("ModelInferResponse")
ModelStreamInferResponse = _message("ModelStreamInferResponse")
ModelConfigResponse = _message("ModelConfigResponse")
RepositoryIndexResponse = _message("RepositoryIndexResponse")
