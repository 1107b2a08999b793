"""Servicers of a test behind the server's real admission."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import grpc

from housing_grpc.access.callers import Access
from housing_grpc.calls.admission import Admission
from housing_grpc.calls.call_end import CallEnd
from housing_grpc.calls.call_pool import CallPool
from housing_grpc.calls.metadata_limit import MetadataLimit
from housing_grpc.calls.parse_guard import Parse
from housing_grpc.calls.stream_slots import StreamSlots
from housing_grpc.metrics.call_observer import CallObserver
from housing_grpc.serving import listen, routes, telemetry
from housing_grpc.serving.routes import ServiceSpec
from housing_grpc.settings import Settings

SETTINGS = Settings()


def pool_of(stack: ExitStack, workers: int) -> CallPool:
    """Returns workers that end with the stack."""
    pool = CallPool(workers, patience_seconds=30, name="test", threadless_waits=True)
    stack.callback(pool.shutdown, wait=False)
    return pool


def open_to_all(*served: ServiceSpec, version: Callable[[], str]) -> Admission:
    """Returns the handler of services that need no key."""
    calls = telemetry.metrics({}, SETTINGS).calls
    observer = CallObserver(routes.descriptors(SETTINGS), calls, None, version)
    call_end = CallEnd(version, observer, rejected=lambda _: None)
    table = routes.build(served, ThreadPoolExecutor(4), call_end)
    access = Access(None, limits=lambda _: None)
    return Admission(table, access, call_end, metadata_limit=MetadataLimit(8192))


def start(
    stack: ExitStack,
    *served: ServiceSpec,
    version: Callable[[], str],
    credentials: grpc.ServerCredentials | None = None,
) -> str:
    """Starts a server on a free port, which ends with the stack; returns its address."""
    server = grpc.server(ThreadPoolExecutor(1))
    server.add_generic_rpc_handlers((open_to_all(*served, version=version),))
    address = f"127.0.0.1:{listen.bind(server, '127.0.0.1', 0, credentials)}"
    stack.callback(lambda: server.stop(None).wait())
    server.start()
    return address


def served(
    service: object, servicer: object, pool: CallPool, reads: Mapping[str, Parse] | None = None
) -> ServiceSpec:
    """Returns a service with room for any number of calls; it takes messages unless it reads."""
    return ServiceSpec(
        service=service,  # type: ignore[arg-type]
        servicer=servicer,
        pool=pool,
        most_queued=10_000,
        longest_wait=3600,
        streams=StreamSlots(100, 100),
        reads=reads or {},
    )
