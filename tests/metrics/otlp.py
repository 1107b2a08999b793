"""An OTLP collector: takes spans over HTTP and keeps them."""

import gzip
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span

from tests.support.waiting import SECONDS


class Collector:
    """Listens on a free port of the loopback address while its `with` block runs."""

    def __init__(self) -> None:
        self._arrived = threading.Condition()
        self._resources: list[ResourceSpans] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                known = self.path == "/v1/traces"
                answer = ExportTraceServiceResponse().SerializeToString()
                self.send_response(200 if known else 404)
                self.send_header("content-type", "application/x-protobuf")
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)
                if known:
                    collector.take(ExportTraceServiceRequest.FromString(body))

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def take(self, request: ExportTraceServiceRequest) -> None:
        with self._arrived:
            self._resources.extend(request.resource_spans)
            self._arrived.notify_all()

    def resources(self) -> list[ResourceSpans]:
        with self._arrived:
            return list(self._resources)

    def wait_for(self, count: int) -> list[Span]:
        """Returns all spans once there are so many."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self._spans()) >= count, timeout=SECONDS)
            return self._spans()

    def _spans(self) -> list[Span]:
        scopes = [scope for each in self._resources for scope in each.scope_spans]
        return [span for scope in scopes for span in scope.spans]

    def __enter__(self) -> "Collector":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
