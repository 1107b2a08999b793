"""Settings of the proxy: the only module of its side that reads the environment."""

import os
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from housing_grpc import options
from housing_grpc.options import OptionError

Port = Annotated[int, Meta(ge=0, le=65535)]
# What gRPC resolves beside host:port; http:// and the like are none of it.
_SCHEMES = ("dns", "ipv4", "ipv6", "unix", "unix-abstract", "vsock", "xds")
_ANY_ADDRESS = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - not bound
Seconds = Annotated[float, Meta(gt=0, le=3600)]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All that can be set; the variable is the field's name in capitals."""

    api_host: Annotated[
        str, Meta(description="address to listen on; 0.0.0.0 for every network")
    ] = "127.0.0.1"
    api_port: Annotated[Port, Meta(description="port to listen on; 0 for any that is free")] = 8000
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
    api_grace_seconds: Annotated[
        Seconds, Meta(description="time that requests in flight get to finish at a stop")
    ] = 10.0
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="least level to log")
    ] = "info"
    log_format: Annotated[
        Literal["text", "json"], Meta(description="text for people, json for collectors")
    ] = "text"


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
    scheme = re.match(r"([^:/]*)://", chosen.grpc_target)
    if scheme and scheme[1].lower() not in _SCHEMES:
        raise OptionError(
            f"GRPC_TARGET={chosen.grpc_target!r}: write host:port, without {scheme[0]}"
        )
    return chosen


def _target(environment: Mapping[str, str]) -> str:
    """Returns where a server listens that has the same variables; "" if they do not say."""
    host, port = environment.get("GRPC_HOST", ""), environment.get("GRPC_PORT", "")
    if not (host or port) or (port and not port.isdigit()) or port == "0":
        return ""
    host = host.removeprefix("[").removesuffix("]")
    host = _ANY_ADDRESS.get(host, host)
    return f"[{host}]:{port or 50051}" if ":" in host else f"{host}:{port or 50051}"
