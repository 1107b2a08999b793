"""OpenTelemetry spans, when its standard variables ask for them; nothing is loaded else.

OpenTelemetry's own libraries read the variables: where to (OTEL_EXPORTER_OTLP_ENDPOINT), how
(OTEL_EXPORTER_OTLP_PROTOCOL), which share (OTEL_TRACES_SAMPLER), as whom (OTEL_SERVICE_NAME).
"""

import logging
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import entry_points
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from housing_grpc.base import extras, log
from housing_grpc.base.errors import EXIT_SETTINGS, StartError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Span

_SERVICE_NAME = "housing-grpc"

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_GRPC_SCHEMES = frozenset({"dns", "ipv4", "ipv6", "unix", "unix-abstract"})
_PROTOCOLS = {"http/protobuf": "otlp_proto_http", "grpc": "otlp_proto_grpc"}
_INSTALL = {
    "otlp_proto_http": extras.install("otel"),
    "otlp_proto_grpc": "pip install opentelemetry-exporter-otlp-proto-grpc",
}

# Status codes that are the server's fault, by number; the others leave a span's status unset.
_FAULTS = frozenset({2, 4, 12, 13, 14, 15})

Metadata = Iterable[tuple[str, str | bytes]]


class Tracing:
    """Makes one span a call, and sends spans in the background; from any thread.

    Args:
        exporter: Sends the spans.
    """

    def __init__(self, exporter: "SpanExporter") -> None:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.trace import SpanKind, Status, StatusCode
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        resource = Resource.create()
        if str(resource.attributes["service.name"]).startswith("unknown_service"):
            resource = resource.merge(Resource({"service.name": _SERVICE_NAME}))
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("housing_grpc")
        # Not those that OTEL_PROPAGATORS names: of baggage, nothing is used, and much is read.
        self._context = TraceContextTextMapPropagator()
        self._kind = SpanKind.SERVER
        self._fault = Status(StatusCode.ERROR)

    def start(self, service: str, method: str, metadata: Metadata) -> "Span":
        """Begins the span of a call.

        Args:
            service: Full name, such as "housing.v1.PredictionService".
            method: Such as "Predict".
            metadata: Of the call; its `traceparent` and `tracestate` name the parent.
        """
        names = self._context.fields
        carrier = {name: value for name, value in metadata if name in names}
        return self._tracer.start_span(
            f"{service}/{method}",
            context=self._context.extract(carrier),
            kind=self._kind,
            attributes={"rpc.system": "grpc", "rpc.service": service, "rpc.method": method},
        )

    def end(self, span: "Span", code: int, version: str) -> None:
        """Ends the span of a call.

        Args:
            span: From `start`.
            code: Number of the status code.
            version: Of the model that served.
        """
        span.set_attribute("rpc.grpc.status_code", code)
        span.set_attribute("housing.model.version", version)
        if code in _FAULTS:
            span.set_status(self._fault)
        span.end()

    def close(self, seconds: float) -> None:
        """Sends what is left, for as long as that."""
        # The library itself would try for up to half a minute.
        last = threading.Thread(target=self._provider.shutdown, daemon=True)
        last.start()
        last.join(seconds)


def from_environment(environment: Mapping[str, str] = os.environ) -> Tracing | None:
    """Returns what makes spans, or None if no variable asks for any.

    Raises:
        StartError: A variable asks for what is unknown, or is not installed.
    """
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return None
    wanted = environment.get("OTEL_TRACES_EXPORTER", "").strip()
    if not wanted and any(environment.get(name) for name in _ENDPOINTS):
        wanted = "otlp"
    if wanted in {"", "none"}:
        return None
    # What it has to say, such as that the collector is away, comes as our own lines do.
    logging.getLogger("opentelemetry").handlers[:] = logging.getLogger(log.ROOT).handlers
    # But not what it has to say of each caller's header that is wrong.
    logging.getLogger("opentelemetry.trace").setLevel(logging.ERROR)
    exporter = _exporter(wanted, environment)
    with _named():
        return Tracing(exporter)


def _exporter(wanted: str, environment: Mapping[str, str]) -> "SpanExporter":
    name = _otlp(environment) if wanted == "otlp" else wanted
    if name in _INSTALL:
        _check_endpoints(environment, grpc=name == _PROTOCOLS["grpc"])
    for found in entry_points(group="opentelemetry_traces_exporter", name=name):
        with _named():
            exporter: SpanExporter = found.load()(**_session(name, environment))
            return exporter
    install = _INSTALL.get(name)
    raise StartError(
        "OpenTelemetry's variables ask for traces, but what sends them is not installed: "
        f"{install}, or set OTEL_SDK_DISABLED=true"
        if install
        else f"OTEL_TRACES_EXPORTER is {wanted!r}, which is not installed; set it to otlp, "
        "console or none",
        EXIT_SETTINGS,
    )


@contextmanager
def _named() -> Iterator[None]:
    """Tells what the libraries say of a variable that they cannot use, as an error of ours."""
    try:
        yield
    except (ValueError, OSError, RuntimeError) as error:
        raise StartError(
            f"a variable of OpenTelemetry's cannot be used: {error}", EXIT_SETTINGS
        ) from error


def _session(name: str, environment: Mapping[str, str]) -> dict[str, object]:
    """Returns what the exporter over HTTP is to send with, unless a variable names another."""
    named = any(each.endswith("_CREDENTIAL_PROVIDER") for each in environment)
    if name != _PROTOCOLS["http/protobuf"] or named:
        return {}
    try:
        from housing_grpc.metrics.otlp_session import BoundedSession
    except ImportError:  # Then its exporter is not installed either.
        return {}
    return {"session": BoundedSession()}


def _check_endpoints(environment: Mapping[str, str], *, grpc: bool) -> None:
    # The library would say nothing before the first span is lost, and then once for each.
    for variable in _ENDPOINTS:
        text = environment.get(variable, "").strip()
        if not text:
            continue
        try:
            parts = urlsplit(text if "://" in text or not grpc else f"http://{text}")
            named = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
            # gRPC knows more kinds of addresses.
            good = named or (grpc and parts.scheme in _GRPC_SCHEMES)
        except ValueError:
            good = False
        if not good:
            # What stands there may hold a password.
            raise StartError(
                f"{variable} is no address of a collector; write http://HOST:PORT, or https://, "
                "such as http://localhost:4318, with 4317 for the protocol grpc",
                EXIT_SETTINGS,
            )


def _otlp(environment: Mapping[str, str]) -> str:
    for variable in ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"):
        protocol = environment.get(variable, "").strip()
        if protocol:
            if protocol not in _PROTOCOLS:
                raise StartError(
                    f"{variable} is {protocol!r}; must be {' or '.join(_PROTOCOLS)}", EXIT_SETTINGS
                )
            return _PROTOCOLS[protocol]
    return _PROTOCOLS["http/protobuf"]
