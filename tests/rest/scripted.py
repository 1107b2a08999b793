"""A gRPC server whose answers are the test's: what the proxy makes of them is what is tested."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any

import grpc

RELAY = "/housing.v1.RelayService/Relay"

Answer = Callable[[bytes, grpc.ServicerContext], bytes]


class Scripted(grpc.GenericRpcHandler):
    """Answers every method alike, and keeps what it was sent.

    Attributes:
        answer: Makes the answer of the request's bytes.
        port: Where it listens.
        metadata: Of the last call.
        method: That was called last.
        data: What it was sent.
        called: Set by the first call.
        ended: Set when a call ended, for whatever reason.
    """

    def __init__(self) -> None:
        self.answer: Answer = lambda _data, _context: b""
        self.metadata: list[tuple[str, Any]] = []
        self.method = ""
        self.data = b""
        self.called = threading.Event()
        self.ended = threading.Event()
        self._server = grpc.server(
            ThreadPoolExecutor(4),
            handlers=[self],
            options=(("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", 2**16)),
        )
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self.target = f"127.0.0.1:{self.port}"

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        """Answers any method, and knows no relay, as older servers do."""
        if details.method == RELAY:
            return None
        self.method = details.method
        return grpc.unary_unary_rpc_method_handler(self._serve)

    def _serve(self, data: bytes, context: grpc.ServicerContext) -> bytes:
        self.metadata = [(key, value) for key, value in context.invocation_metadata()]
        self.data = data
        if not context.add_callback(self.ended.set):
            self.ended.set()  # It has ended already.
        self.called.set()
        return self.answer(data, context)

    def __enter__(self) -> "Scripted":
        self._server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.stop(0).wait()
