"""Settings of the proxy: the only module of its side that reads the environment."""

import os
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from housing_grpc.base import address, dialects, grpc_target, options, processors
from housing_grpc.base.options import Host, OptionError, Port

_EVERY_ADDRESS = ("", "0.0.0.0", "[::]", "::")  # noqa: S104 - not bound
_HOST_AND_PORT = re.compile(r"(\[.*\]|[^:]*):\d+")
_HOST_NAME = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\]")
# An origin as browsers write it: no path, no user, no star.
_ORIGIN = re.compile(rf"https?://(?:{_HOST_NAME.pattern})(?::[1-9][0-9]{{0,4}})?")
_GRPC_PORT = 50051
# Of a process: one of eight has no request in work.
_LEAST_CONNECTIONS = 8
Seconds = Annotated[float, Meta(gt=0, le=3600)]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All that can be set; the variable is the field's name in capitals."""

    api_host: Annotated[
        Host, Meta(description="address to listen on; 0.0.0.0 for every network")
    ] = "127.0.0.1"
    api_port: Annotated[Port, Meta(description="port to listen on; 0 for any that is free")] = 8000
    api_workers: Annotated[
        Annotated[int, Meta(ge=1, le=256)] | Literal["auto"],
        Meta(description="processes that serve HTTP; auto for one a processor; not on Windows"),
    ] = 1
    grpc_target: Annotated[str, Meta(description="gRPC server to speak to")] = "127.0.0.1:50051"
    api_max_batch_rows: Annotated[
        int, Meta(ge=1, le=1_000_000, description="most entries in one list of a request")
    ] = 100
    api_max_body_bytes: Annotated[
        int, Meta(ge=1024, le=2**30, description="largest request that is read")
    ] = 2**20
    api_connect_timeout_seconds: Annotated[
        Seconds, Meta(description="time the gRPC server gets to accept a connection")
    ] = 2.0
    api_timeout_seconds: Annotated[
        Seconds, Meta(description="time a call gets, and a request to arrive")
    ] = 90.0
    api_head_seconds: Annotated[
        Seconds,
        Meta(description="time that a connection gets to send the head of a request"),
    ] = 30.0
    api_max_connections: Annotated[
        int,
        Meta(
            ge=_LEAST_CONNECTIONS,
            le=100_000,
            description="most connections at a time, of all processes; the oldest idle one "
            "makes room",
        ),
    ] = 320
    api_grace_seconds: Annotated[
        Seconds, Meta(description="time that requests in flight get to finish at a stop")
    ] = 10.0
    api_tls_cert_file: Annotated[
        str, Meta(description="certificate to serve HTTPS with, PEM; read anew when it changes")
    ] = ""
    api_tls_key_file: Annotated[str, Meta(description="private key of the certificate")] = ""
    api_allowed_origins: Annotated[
        str,
        Meta(description="origins whose pages may call and read, such as https://houses.example"),
    ] = ""
    api_allowed_hosts: Annotated[
        str,
        Meta(
            description="names that callers may use for this proxy; none: any, or loopback's "
            "names where API_HOST is loopback"
        ),
    ] = ""
    grpc_tls: Annotated[bool, Meta(description="whether to speak TLS to the gRPC server")] = False
    grpc_ca_file: Annotated[
        str, Meta(description="roots of the gRPC server's certificate, PEM; turns GRPC_TLS on")
    ] = ""
    grpc_cert_file: Annotated[
        str, Meta(description="certificate to show to a gRPC server that asks for one, PEM")
    ] = ""
    grpc_key_file: Annotated[str, Meta(description="private key of that certificate")] = ""
    allow_unauthenticated: Annotated[
        bool, Meta(description="whether to open a server that asks for no key to other machines")
    ] = False
    dialects: Annotated[
        str,
        Meta(description="other protocols to answer: oip, v1, invocations, or none"),
    ] = dialects.OIP
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="least level to log")
    ] = "info"
    log_format: Annotated[
        Literal["text", "json"], Meta(description="text for people, json for collectors")
    ] = "text"

    @property
    def processes(self) -> int:
        """How many processes are to serve."""
        return processors.usable() if self.api_workers == "auto" else self.api_workers

    @property
    def tls_to_server(self) -> bool:
        """Whether TLS is spoken to the gRPC server."""
        return self.grpc_tls or bool(self.grpc_ca_file)

    @property
    def spoken(self) -> frozenset[str]:
        """The other protocols that are answered."""
        return dialects.read(self.dialects)

    @property
    def origins(self) -> frozenset[str]:
        """Origins whose pages may call, beside those of the address that is asked."""
        # A browser leaves out the port that is usual for the scheme.
        return frozenset(
            each.removesuffix(":80" if each.startswith("http:") else ":443")
            for each in _listed(self.api_allowed_origins)
        )

    @property
    def hosts(self) -> frozenset[str]:
        """Names that callers may use, beside addresses or the names of loopback."""
        return frozenset(_listed(self.api_allowed_hosts))


def load(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> Settings:
    """Reads the settings: a flag before a variable before the default.

    Raises:
        OptionError: A value is wrong; the variable and the value are named.
    """
    given = dict(environment)
    if not given.get("GRPC_TARGET"):
        given["GRPC_TARGET"] = _target(given)
    chosen = options.load(
        Settings,
        arguments,
        given,
        program="python -m housing_grpc.rest",
        description="Serves the gRPC contract over HTTP and JSON.",
    )
    _check(chosen, has_key=bool(given.get("API_KEY") or given.get("API_KEYS_FILE")))
    return chosen


def _listed(text: str) -> list[str]:
    return text.lower().replace(",", " ").split()


def _target(environment: Mapping[str, str]) -> str:
    """Returns where a server listens that has the same variables; "" if they do not say.

    Raises:
        OptionError: The server itself would not take them.
    """
    host, port = environment.get("GRPC_HOST", ""), environment.get("GRPC_PORT", "")
    if not (host or port) or (port and not port.isdigit()) or port == "0":
        return ""
    # guard: digits of another script are no port
    number = options.convert("GRPC_PORT", port, Port) if port else _GRPC_PORT
    return address.target(options.convert("GRPC_HOST", host, Host) if host else "", number)


def _check(chosen: Settings, *, has_key: bool) -> None:
    fault = grpc_target.fault(chosen.grpc_target, tls="set GRPC_TLS=true")
    if fault:
        raise OptionError(f"GRPC_TARGET={chosen.grpc_target!r}: {fault}")
    for origin in _listed(chosen.api_allowed_origins):
        if not _ORIGIN.fullmatch(origin):
            raise OptionError(
                f"API_ALLOWED_ORIGINS={chosen.api_allowed_origins!r}: {origin!r} is no origin; "
                "write each as https://HOST or https://HOST:PORT, with commas between them"
            )
    for host in chosen.hosts:
        if not _HOST_NAME.fullmatch(host):
            raise OptionError(
                f"API_ALLOWED_HOSTS={chosen.api_allowed_hosts!r}: write each as houses.example, "
                "without scheme and port, with commas between them"
            )
    _ = chosen.spoken
    _check_processes(chosen)
    _check_files(chosen)
    _check_openness(chosen, has_key=has_key)


def _check_processes(chosen: Settings) -> None:
    if chosen.processes > 1 and os.name != "posix":
        raise OptionError(
            f"API_WORKERS={chosen.api_workers!r}: Windows takes one process; set it to 1"
        )
    if chosen.api_max_connections < _LEAST_CONNECTIONS * chosen.processes:
        raise OptionError(
            f"API_WORKERS={chosen.api_workers!r}: each process takes {_LEAST_CONNECTIONS} of "
            f"API_MAX_CONNECTIONS={chosen.api_max_connections} or more; set fewer processes, or "
            f"{_LEAST_CONNECTIONS * chosen.processes} connections"
        )


def _check_files(chosen: Settings) -> None:
    if bool(chosen.api_tls_cert_file) != bool(chosen.api_tls_key_file):
        raise OptionError("API_TLS_CERT_FILE and API_TLS_KEY_FILE go together: set both, or none")
    if bool(chosen.grpc_cert_file) != bool(chosen.grpc_key_file):
        raise OptionError("GRPC_CERT_FILE and GRPC_KEY_FILE go together: set both, or none")
    if chosen.grpc_cert_file and not chosen.tls_to_server:
        raise OptionError("GRPC_CERT_FILE needs TLS: set GRPC_CA_FILE, or GRPC_TLS=true")


def _check_openness(chosen: Settings, *, has_key: bool) -> None:
    """Refuses to hand to the network what is closed to it.

    A server on another address decides itself whom it serves. One on loopback may rely on
    that, and one that asks for certificates would take the proxy's for every caller's.
    """
    if address.is_loopback(chosen.api_host) or has_key or chosen.allow_unauthenticated:
        return
    if _is_local(chosen.grpc_target) or chosen.grpc_cert_file:
        raise OptionError(
            f"API_HOST={chosen.api_host!r} serves other machines, and callers need no key: set "
            "API_KEY or API_KEYS_FILE, which the gRPC server checks, or "
            "ALLOW_UNAUTHENTICATED=true if that is what you want"
        )


def _is_local(target: str) -> bool:
    scheme, places = grpc_target.parts(target)
    return scheme in grpc_target.LOCAL_SCHEMES or any(map(_reaches_loopback, places))


def _reaches_loopback(place: str) -> bool:
    found = _HOST_AND_PORT.fullmatch(place)
    host = found[1] if found else place
    return host in _EVERY_ADDRESS or address.is_loopback(host)
