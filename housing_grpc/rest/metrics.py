"""What the proxy counts: requests by route and status, and how long they took."""

from typing import Any

from prometheus_client import (
    CONTENT_TYPE_PLAIN_0_0_4,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
)
from prometheus_client.exposition import generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.responses import Response

from housing_grpc.base.metric_family import Family
from housing_grpc.rest.http.exchange import Exchange

# Seconds; a prediction takes about a millisecond, a reload may take many.
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_VERBS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


_REQUESTS = Family(
    name="http_requests_total",
    kind="counter",
    help="Requests that were answered.",
    labels=("method", "route", "code"),
)
_DURATION = Family(
    name="http_request_duration_seconds",
    kind="histogram",
    help="Time from a request's headers to the end of its answer.",
    labels=("method", "route"),
    buckets=_BUCKETS,
)
_EXPIRY = Family(
    name="housing_tls_certificate_expiry_timestamp_seconds",
    kind="gauge",
    help="When the certificate that the proxy shows ends, in seconds since 1970.",
    always=False,
)

_OPEN = Family(
    name="http_connections_open",
    kind="gauge",
    help="Connections that are open, those in a TLS handshake included.",
)
_CLOSED = Family(
    name="http_connections_closed_total",
    kind="counter",
    help="Connections that the proxy closed before their callers did, by reason.",
    labels=("reason",),
)

CATALOGUE = (_REQUESTS, _DURATION, _OPEN, _CLOSED, _EXPIRY)
"""Every metric of the proxy."""


class Metrics:
    """Counts requests.

    Args:
        registry: Where the metrics are registered.
        folder: Where several processes count, of which any answers for all; None for one.
    """

    def __init__(self, registry: CollectorRegistry, folder: str | None = None) -> None:
        self._registry = registry
        self._requests = Counter(
            _REQUESTS.name, _REQUESTS.help, _REQUESTS.labels, registry=registry
        )
        self._seconds = Histogram(
            _DURATION.name,
            _DURATION.help,
            _DURATION.labels,
            buckets=_DURATION.buckets,
            registry=registry,
        )
        self._open = Gauge(_OPEN.name, _OPEN.help, registry=registry, multiprocess_mode="livesum")
        self._open.set(0)
        self._closed = Counter(_CLOSED.name, _CLOSED.help, _CLOSED.labels, registry=registry)
        self._expiry: Gauge | None = None
        self._shown = registry
        if folder is not None:
            self._shown = CollectorRegistry()
            collector: Any = MultiProcessCollector
            collector(self._shown, folder)
        # Looking a labelled child up costs more than counting with it.
        self._counters: dict[tuple[str, str, int], Counter] = {}
        self._histograms: dict[tuple[str, str], Histogram] = {}

    def observe(self, verb: str, route: str, code: int, seconds: float) -> None:
        """Counts one request; `route` is the path of a route, or "none"."""
        verb = verb if verb in _VERBS else "other"
        counter = self._counters.get((verb, route, code))
        if counter is None:
            counter = self._requests.labels(verb, route, str(code))
            self._counters[verb, route, code] = counter
        counter.inc()
        histogram = self._histograms.get((verb, route))
        if histogram is None:
            histogram = self._seconds.labels(verb, route)
            self._histograms[verb, route] = histogram
        histogram.observe(seconds)

    def certificate_expires(self, when: float) -> None:
        """Notes when the proxy's certificate ends, in seconds since 1970."""
        if self._expiry is None:
            self._expiry = Gauge(
                _EXPIRY.name, _EXPIRY.help, registry=self._registry, multiprocess_mode="livemin"
            )
        self._expiry.set(when)

    def connections_open(self, count: int) -> None:
        """Notes how many connections are open."""
        self._open.set(count)

    def connection_closed(self, reason: str) -> None:
        """Counts a connection that the proxy closed."""
        self._closed.labels(reason).inc()

    async def page(self, _exchange: Exchange) -> Response:
        """Answers with all metrics in the text form of Prometheus."""
        text = generate_latest(self._shown)
        return Response(text, headers={"content-type": CONTENT_TYPE_PLAIN_0_0_4})
