"""What settings allow: how much, how fast, by whom."""

import logging
import resource
from collections.abc import Callable, Iterable
from typing import Any

from housing_grpc.access import key_file
from housing_grpc.access.callers import Access, Key
from housing_grpc.access.key_file import KeysError
from housing_grpc.access.rate_limit import Cell, RateLimit
from housing_grpc.base import log
from housing_grpc.base.errors import EXIT_SETTINGS, StartError
from housing_grpc.base.options import OptionError
from housing_grpc.services.open_streams import StreamLimits
from housing_grpc.serving.tls import Certificates
from housing_grpc.settings import Settings

# A connection that is silent for so long is asked whether it is still there.
_KEEPALIVE_MS = 60_000
_KEEPALIVE_TIMEOUT_MS = 20_000
# A client with a quiet stream may ask this often whether we are there.
_PING_INTERVAL_MS = 10_000
# Calls that gRPC holds until they are looked at, each some 15 KB; 64 connections may have as many.
# guard: calls that were reset, of all connections
_MOST_PENDING = 16_384
_HANDSHAKE_MS = 10_000
_WINDOW_BYTES = 2**17
# Beside the connections: what the server itself opens, and a reload with its processes.
_OWN_FILES = 128

_logger = logging.getLogger(__name__)


def options(chosen: Settings, *, shared_port: bool = False) -> tuple[tuple[str, Any], ...]:
    """Returns the limits that gRPC itself keeps, as channel arguments.

    Args:
        chosen: The settings.
        shared_port: Whether others, who are known, may listen on the same port.
    """
    found: list[tuple[str, Any]] = [
        # Mostly off: a second server would bind the same port without a word.
        # guard: one server a port
        ("grpc.so_reuseport", int(shared_port)),
        # guard: the size of a message
        ("grpc.max_receive_message_length", chosen.max_message_bytes),
        ("grpc.max_send_message_length", -1),
        # gRPC unfolds messages on the one thread that accepts calls: 4 KB would hold it for as
        # long as a thousand calls do, before any key of those that take none.
        # guard: compressed messages
        ("grpc.compression_enabled_algorithms_bitset", 7 if chosen.compression_enabled else 1),
        ("grpc.max_metadata_size", chosen.max_metadata_bytes),
        ("grpc.absolute_max_metadata_size", chosen.max_metadata_bytes),
        # guard: the number of calls on a connection
        ("grpc.max_concurrent_streams", chosen.max_calls_per_connection),
        # A call that was reset is held until this process has seen it: calls that are made and
        # reset at once count, too. With as many of them as of others, clients that keep to the
        # limit, whose calls have just ended, are not refused.
        # guard: calls that were reset, of one connection
        ("grpc.http.overload_protection", 1),
        # guard: who keeps to the calls of a connection is served
        ("grpc.http2.max_deallocating_streams", chosen.max_calls_per_connection),
        # The same over all connections, those that are gone included. Both have the same value:
        # between two, gRPC resets calls at random, before admission can say when to come back.
        ("grpc.server.max_pending_requests", _MOST_PENDING),
        ("grpc.server.max_pending_requests_hard_limit", _MOST_PENDING),
        # guard: the number of connections
        ("grpc.max_allowed_incoming_connections", chosen.max_connections),
        # Else windows grow with the traffic, and what nobody reads is held, such as what comes
        # after the request of a watch: gigabytes from one connection without a key.
        # guard: what is sent and never read
        ("grpc.http2.bdp_probe", 0),
        # A chunk of 1,000 houses is sent in one go; with 64 KiB, each waits for its caller once.
        ("grpc.http2.lookahead_bytes", _WINDOW_BYTES),
        ("grpc.server_handshake_timeout_ms", _HANDSHAKE_MS),
        # guard: connections without a call
        ("grpc.max_connection_idle_ms", round(chosen.connection_idle_seconds * 1000)),
        ("grpc.keepalive_time_ms", _KEEPALIVE_MS),
        ("grpc.keepalive_timeout_ms", _KEEPALIVE_TIMEOUT_MS),
        ("grpc.http2.min_ping_interval_without_data_ms", _PING_INTERVAL_MS),
    ]
    if chosen.connection_max_age_seconds:
        age = round(chosen.connection_max_age_seconds * 1000)
        grace = round(chosen.stream_max_age_seconds * 1000)
        found += [("grpc.max_connection_age_ms", age), ("grpc.max_connection_age_grace_ms", grace)]
    return tuple(found)


def allow_files(chosen: Settings) -> None:
    """Lets the process open as many files as its connections may take, and its own besides.

    Without one that is free, it could not even answer a probe on another port.
    """
    ports = 2 if chosen.health_port else 1
    needed = ports * chosen.max_connections + _OWN_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    allowed = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < needed:
        log.event(_logger, logging.WARNING, "files.few", needed=needed, allowed=allowed)


def stream_limits(chosen: Settings) -> StreamLimits:
    """Returns what a stream may take."""
    return StreamLimits(
        idle_seconds=chosen.stream_idle_seconds,
        age_seconds=chosen.stream_max_age_seconds,
    )


def configured_keys(chosen: Settings) -> tuple[Key, ...] | None:
    """Returns the keys, or None if none are configured.

    Raises:
        StartError: They cannot be used.
    """
    try:
        return key_file.load(chosen.api_key, chosen.api_keys_file)
    except KeysError as error:
        raise StartError(str(error), EXIT_SETTINGS) from error


def access(
    chosen: Settings,
    found: Iterable[Key] | None,
    cells: Callable[[str], Cell] = lambda _: Cell(),
) -> Access:
    """Returns who may call what.

    Args:
        chosen: The settings.
        found: The keys, or None if none are configured.
        cells: Where the rate of the caller of that name is counted.
    """

    def limit(name: str) -> RateLimit | None:
        if not chosen.rate_limit_per_second:
            return None
        rate, burst = chosen.rate_limit_per_second, chosen.rate_limit_burst
        return RateLimit(rate, burst, cell=cells(name))

    return Access(found, limits=limit)


def certificates(chosen: Settings) -> Certificates | None:
    """Returns what to serve TLS with, or None for none.

    Raises:
        StartError: The files cannot be used.
    """
    if not chosen.tls_cert_file:
        return None
    try:
        return Certificates(chosen.tls_cert_file, chosen.tls_key_file, chosen.tls_client_ca_file)
    except OptionError as error:
        raise StartError(str(error), EXIT_SETTINGS) from error
