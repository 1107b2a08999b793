"""How much metadata a call may have, of whatever service."""

from collections.abc import Sequence
from itertools import chain
from typing import Any, NoReturn

import grpc

from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.calls.call_pool import InlinePool, on_pool

Metadata = Sequence[tuple[str, str | bytes]]

# HTTP/2 counts as much for each name and its value, beside their bytes.
_ENTRY_BYTES = 32


class MetadataLimit:
    """A limit that gRPC keeps, too, but only towards callers that acknowledge it.

    Args:
        most: Bytes, as HTTP/2 counts them.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._told = f"the metadata is larger than {most} bytes"
        behaviour = on_pool(self._refuse, InlinePool(1))
        # Both ways a stream: the library would wait for the message of a unary call.
        self._refusal: Any = grpc.stream_stream_rpc_method_handler(behaviour)

    def fault(self, metadata: Metadata) -> ServingError | None:
        """Returns METADATA_TOO_LARGE if a call's metadata is."""
        size = _ENTRY_BYTES * len(metadata) + sum(map(len, chain.from_iterable(metadata)))
        return ServingError(Reason.METADATA_TOO_LARGE, self._told) if size > self._most else None

    def around(self, handler: grpc.GenericRpcHandler) -> grpc.GenericRpcHandler:
        """Returns a handler that serves what another does, within the limit."""
        return _Limited(self, handler, self._refusal)

    def _refuse(self, _: Any, context: grpc.ServicerContext) -> NoReturn:
        context.abort(Reason.METADATA_TOO_LARGE.code, self._told)


class _Limited(grpc.GenericRpcHandler):
    def __init__(self, limit: MetadataLimit, handler: grpc.GenericRpcHandler, refusal: Any) -> None:
        self._limit = limit
        self._handler = handler
        self._refusal = refusal

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        """Returns the handler of a call; grpcio asks with each one."""
        found = self._handler.service(details)
        if found is not None and self._limit.fault(details.invocation_metadata or ()):
            return self._refusal
        return found
