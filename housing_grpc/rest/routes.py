"""All that the proxy answers: the contract's bindings, and what HTTP callers expect beside it."""

import asyncio
from collections.abc import Iterator
from typing import Any

from housing_grpc.rest import openapi, pages
from housing_grpc.rest.contract import comments, services
from housing_grpc.rest.contract.comments import Comments
from housing_grpc.rest.contract.services import Binding
from housing_grpc.rest.grpc.backend import Backend
from housing_grpc.rest.health import Health
from housing_grpc.rest.http.failures import FailureLog
from housing_grpc.rest.http.router import Route, Router
from housing_grpc.rest.http.template import Template
from housing_grpc.rest.json.reader import Readers
from housing_grpc.rest.json.writer import Writers
from housing_grpc.rest.metrics import Metrics
from housing_grpc.rest.stream.endpoint import PATH as STREAM_PATH
from housing_grpc.rest.stream.endpoint import Stream
from housing_grpc.rest.transcoder import Limits, Transcoder


def build(
    package: str,
    backend: Backend,
    metrics: Metrics,
    failures: FailureLog,
    *,
    limits: Limits,
    stopping: asyncio.Event,
) -> Router:
    """Returns the router of everything.

    Args:
        package: The generated code of the contract.
        backend: The gRPC server.
        metrics: What the proxy counts.
        failures: Where streams that fail are logged.
        limits: How much one request may be.
        stopping: Set when the proxy stops.
    """
    bindings = services.bindings(services.find(package))
    readers, writers = Readers(limits.list_entries), Writers()
    contract = [
        Route(
            verb=binding.verb,
            template=binding.template,
            endpoint=Transcoder(binding, backend.unary(binding.method), readers, writers, limits),
        )
        for binding in bindings
    ]
    # The stream has no option: its form is the proxy's own.
    streaming = package == services.GENERATED
    if streaming:
        endpoint = Stream(backend, readers, writers, failures, stopping)
        contract.append(Route(verb="POST", template=Template(STREAM_PATH), endpoint=endpoint))
    texts = comments.load(package)
    documents = (
        _index(bindings, texts),
        openapi.document(bindings, texts, streaming=streaming),
    )
    return Router([*contract, *_own(*documents, backend, metrics)])


def _own(
    index: list[dict[str, str]], description: dict[str, Any], backend: Backend, metrics: Metrics
) -> Iterator[Route]:
    home, described = pages.home(index), pages.document(description)
    health = Health(backend)
    for path, endpoint in (
        ("/", home),
        ("/v1", home),
        ("/v1/", home),
        ("/health", health),
        ("/v1/health", health),
        ("/openapi.json", described),
        ("/v1/openapi.json", described),
        ("/metrics", metrics.page),
        ("/docs", pages.html("docs.html")),
        ("/docs/{file}", pages.swagger()),
        ("/static/{file}", pages.assets()),
    ):
        yield Route(verb="GET", template=Template(path), endpoint=endpoint)


def _index(bindings: list[Binding], texts: Comments) -> list[dict[str, str]]:
    return [
        {
            "method": binding.verb,
            "path": binding.template.text,
            "summary": texts.summary(binding.method.full_name),
        }
        for binding in bindings
    ]
