"""All that the proxy answers: the contract's bindings, and what HTTP callers expect beside it."""

import asyncio
from collections.abc import Collection, Iterator

from housing_grpc.rest import bindings, description, pages
from housing_grpc.rest.dialects import routes as dialect_routes
from housing_grpc.rest.grpc.backend import Backend
from housing_grpc.rest.health import Health
from housing_grpc.rest.http.failures import FailureLog
from housing_grpc.rest.http.router import Endpoint, Route, Router
from housing_grpc.rest.json.intake import Intake
from housing_grpc.rest.json.reader import Readers
from housing_grpc.rest.json.writer import Writers
from housing_grpc.rest.metrics import Metrics
from housing_grpc.rest.stream.endpoint import PATH as STREAM_PATH
from housing_grpc.rest.stream.endpoint import Stream
from housing_grpc.rest.transcoder import Transcoder


def build(
    backend: Backend,
    metrics: Metrics,
    failures: FailureLog,
    *,
    intake: Intake,
    spoken: Collection[str],
    stopping: asyncio.Event,
) -> Router:
    """Returns the router of everything.

    Args:
        backend: The gRPC server.
        metrics: What the proxy counts.
        failures: Where streams that fail are logged.
        intake: Reads bodies.
        spoken: Names of the dialects that are answered.
        stopping: Set when the proxy stops.
    """
    readers, writers = Readers(intake.limits.list_entries), Writers()
    contract = [
        Route(
            verb=binding.verb,
            path=binding.path,
            endpoint=Transcoder(binding, backend.unary(binding.method), readers, writers, intake),
        )
        for binding in bindings.bindings()
    ]
    # The stream has no option: its form is the proxy's own.
    stream = Stream(backend, readers, writers, failures, stopping)
    contract.append(Route(verb="POST", path=STREAM_PATH, endpoint=stream))
    foreign = dialect_routes.build(spoken, backend, intake, readers)
    return Router([*contract, *_own(backend, metrics), *foreign])


def _own(backend: Backend, metrics: Metrics) -> Iterator[Route]:
    document = description.load()
    home, described = pages.home(description.index(document)), pages.document(document)
    health = Health(backend)
    own: tuple[tuple[str, Endpoint], ...] = (
        ("/", home),
        ("/v1", home),
        ("/v1/", home),
        ("/health", health),
        ("/v1/health", health),
        ("/openapi.json", described),
        ("/v1/openapi.json", described),
        ("/metrics", metrics.page),
        ("/docs", pages.html("docs.html")),
        ("/quality", pages.html("quality.html")),
        *pages.swagger("/docs"),
        *pages.assets("/static"),
    )
    for path, endpoint in own:
        yield Route(verb="GET", path=path, endpoint=endpoint)
