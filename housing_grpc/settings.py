"""The settings of the server, from flags and the environment."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from housing_grpc.base import dialects, options, processors
from housing_grpc.base.address import is_loopback
from housing_grpc.base.errors import EXIT_SETTINGS, StartError
from housing_grpc.base.options import SECRET, Host, OptionError, Port
from housing_grpc.bundle import files
from housing_grpc.registry import location
from housing_grpc.registry.location import RegistryLocation

Seconds = Annotated[float, Meta(ge=0, le=3600)]

# A look takes longer, and a processor.
_LEAST_POLL_SECONDS = 1


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All that can be set; the variable is the field's name in capitals."""

    grpc_host: Annotated[
        Host, Meta(description="address to listen on; 0.0.0.0 for every network")
    ] = "127.0.0.1"
    grpc_port: Annotated[Port, Meta(description="port to listen on; 0 for any that is free")] = (
        50051
    )
    grpc_workers: Annotated[
        int, Meta(ge=1, le=256, description="threads that serve predictions")
    ] = 8
    workers: Annotated[
        Annotated[int, Meta(ge=1, le=256)] | Literal["auto"],
        Meta(description="processes that serve; auto for one a processor; Linux only"),
    ] = 1
    max_batch_rows: Annotated[
        int, Meta(ge=1, le=1_000_000, description="most houses in one PredictBatch")
    ] = 10_000
    max_message_bytes: Annotated[
        int, Meta(ge=1024, le=2**30, description="largest request that is read")
    ] = 4 * 2**20
    compression_enabled: Annotated[
        bool,
        Meta(
            description="whether requests may be compressed: 4 KB that unfold to 4 MB take as long"
        ),
    ] = False
    max_chunk_rows: Annotated[
        int, Meta(ge=1, le=1_000_000, description="most houses in one chunk of a stream")
    ] = 10_000
    max_streams: Annotated[
        int, Meta(ge=1, le=1024, description="most streams at a time; each takes two threads")
    ] = 32
    max_streams_per_key: Annotated[
        int, Meta(ge=1, le=1024, description="most streams at a time of one key")
    ] = 16
    stream_idle_seconds: Annotated[
        float,
        Meta(gt=0, le=86_400, description="longest wait for a chunk, or for an answer to be taken"),
    ] = 60.0
    stream_max_age_seconds: Annotated[
        float, Meta(gt=0, le=86_400, description="longest life of a stream")
    ] = 3600.0
    bundle_dir: Annotated[
        str, Meta(description="serve this bundle folder instead of the registry's alias")
    ] = ""
    max_bundle_bytes: Annotated[
        int, Meta(ge=2**20, le=2**30, description="largest bundle that is fetched or read")
    ] = files.MAX_BYTES
    housing_home: Annotated[
        str, Meta(description="folder of the embedded registry and of the bundle cache")
    ] = location.DEFAULT_HOME
    mlflow_tracking_uri: Annotated[
        str, Meta(description="MLflow to load from; empty for the embedded one")
    ] = ""
    mlflow_model_name: Annotated[str, Meta(description="registered model to serve")] = (
        location.DEFAULT_MODEL_NAME
    )
    mlflow_model_alias: Annotated[str, Meta(description="alias that names the version")] = (
        location.DEFAULT_ALIAS
    )
    registry_timeout_seconds: Annotated[
        Seconds, Meta(description="time a reload gives the registry and its store")
    ] = 10.0
    model_poll_seconds: Annotated[
        Seconds,
        Meta(description="time between two looks for a moved alias, 1 s or more; 0 for none"),
    ] = 0.0
    bundle_public_key_file: Annotated[
        str,
        Meta(
            description="Ed25519 public keys in PEM; only what they signed serves, and is followed"
        ),
    ] = ""
    max_models: Annotated[
        int,
        Meta(ge=2, le=64, description="most models in memory; then the oldest pinned streams end"),
    ] = 4
    probation_seconds: Annotated[
        Seconds,
        Meta(description="time after a change of model that the previous one is kept; 0 for none"),
    ] = 600.0
    drain_seconds: Annotated[
        Seconds, Meta(description="time between NOT_SERVING and refusing new calls at a stop")
    ] = 1.0
    grace_seconds: Annotated[
        Seconds, Meta(description="time that calls in flight get to finish at a stop")
    ] = 10.0
    api_key: Annotated[
        str, SECRET, Meta(description="one key that callers have to show, for everything")
    ] = ""
    api_keys_file: Annotated[
        str, Meta(description="file of keys, a line each: NAME ROLE KEY; read anew on SIGHUP")
    ] = ""
    receipt_keys_file: Annotated[
        str,
        Meta(description="keys that seal receipts, 64 hex digits a line; read anew on SIGHUP"),
    ] = ""
    feedback_url: Annotated[
        str,
        SECRET,
        Meta(description="where outcomes are kept: sqlite:///FILE or postgresql://...; empty: off"),
    ] = ""
    feedback_keep_features: Annotated[
        bool, Meta(description="whether the features of houses are kept with their outcomes")
    ] = False
    feedback_days: Annotated[
        int,
        Meta(
            ge=0, le=36_500, description="days that outcomes are kept after the price; 0: for ever"
        ),
    ] = 400
    allow_unauthenticated: Annotated[
        bool, Meta(description="whether to serve other machines without any key")
    ] = False
    tls_cert_file: Annotated[
        str, Meta(description="certificate to serve TLS with, PEM; read anew when it changes")
    ] = ""
    tls_key_file: Annotated[str, Meta(description="private key of the certificate")] = ""
    tls_client_ca_file: Annotated[
        str, Meta(description="roots of the certificates that clients have to show")
    ] = ""
    rate_limit_per_second: Annotated[
        float, Meta(ge=0, le=1e6, description="calls a second of one key; 0 for no limit")
    ] = 0.0
    rate_limit_burst: Annotated[
        int, Meta(ge=1, le=1_000_000, description="most calls of one key at once")
    ] = 100
    max_queued_calls: Annotated[
        int, Meta(ge=1, le=100_000, description="most calls that wait for a worker")
    ] = 1024
    max_queue_seconds: Annotated[
        float, Meta(gt=0, le=3600, description="longest wait for a worker that a call may expect")
    ] = 1.0
    request_timeout_seconds: Annotated[
        float, Meta(gt=0, le=3600, description="longest wait for the message of a call")
    ] = 30.0
    max_call_seconds: Annotated[
        float, Meta(gt=0, le=3600, description="longest time that one evaluation may take")
    ] = 30.0
    max_explain_seconds: Annotated[
        float,
        Meta(gt=0, le=60, description="most processor time, as reckoned, to explain one call"),
    ] = 0.25
    max_metadata_bytes: Annotated[
        int, Meta(ge=1024, le=2**20, description="largest metadata of a call")
    ] = 8192
    max_connections: Annotated[
        int, Meta(ge=1, le=100_000, description="most connections at a time")
    ] = 1000
    max_calls_per_connection: Annotated[
        int, Meta(ge=1, le=100_000, description="most calls at a time on one connection")
    ] = 256
    connection_idle_seconds: Annotated[
        float, Meta(gt=0, le=86_400, description="longest time that a connection is without a call")
    ] = 300.0
    connection_max_age_seconds: Annotated[
        Seconds,
        Meta(description="age at which a connection is closed gently, to spread load; 0 for never"),
    ] = 0.0
    health_port: Annotated[
        Port, Meta(description="a port more for probes, without TLS or key; 0 for none")
    ] = 0
    metrics_enabled: Annotated[bool, Meta(description="whether Prometheus may read metrics")] = True
    metrics_host: Annotated[Host, Meta(description="address of the metrics")] = "127.0.0.1"
    metrics_port: Annotated[Port, Meta(description="port of the metrics; 0 for any free")] = 9464
    reflection_enabled: Annotated[
        bool, Meta(description="whether grpcurl and others may ask for the contract")
    ] = True
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
    def speaks_oip(self) -> bool:
        """Whether clients of the Open Inference Protocol are answered."""
        return dialects.OIP in dialects.read(self.dialects)

    @property
    def location(self) -> RegistryLocation:
        """Where the registry is and what to take from it."""
        return location.from_environment(
            {name.upper(): str(getattr(self, name)) for name in self.__struct_fields__}
        )

    @property
    def home(self) -> Path:
        """The folder that holds all state of this machine."""
        return location.home_folder({"HOUSING_HOME": self.housing_home})

    @property
    def cache(self) -> Path:
        """Where bundles from the registry are kept."""
        return self.home / "bundles"


def load(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> Settings:
    """Reads the settings: a flag before a variable before the default.

    Raises:
        StartError: A value is wrong; the variable and the value are named.
    """
    try:
        chosen = options.load(
            Settings,
            arguments,
            environment,
            program="python -m housing_grpc",
            description="Serves house price predictions over gRPC.",
        )
        _ = chosen.location, chosen.cache, chosen.speaks_oip
        _check(chosen)
    except (OptionError, ValueError) as error:
        raise StartError(str(error), EXIT_SETTINGS) from error
    return chosen


def processes(chosen: Settings) -> int:
    """Returns how many processes are to serve."""
    return processors.usable() if chosen.workers == "auto" else chosen.workers


def _check(chosen: Settings) -> None:
    if bool(chosen.tls_cert_file) != bool(chosen.tls_key_file):
        raise OptionError("TLS_CERT_FILE and TLS_KEY_FILE go together: set both, or none")
    if chosen.tls_client_ca_file and not chosen.tls_cert_file:
        raise OptionError("TLS_CLIENT_CA_FILE needs TLS: set TLS_CERT_FILE and TLS_KEY_FILE")
    if processes(chosen) > 1 and sys.platform != "linux":
        raise OptionError(f"WORKERS={chosen.workers!r}: several processes take Linux; set it to 1")
    if 0 < chosen.model_poll_seconds < _LEAST_POLL_SECONDS:
        raise OptionError(
            f"MODEL_POLL_SECONDS={chosen.model_poll_seconds:g}: takes 0 for none, or a number "
            f"from {_LEAST_POLL_SECONDS} on"
        )
    has_key = chosen.api_key or chosen.api_keys_file
    # guard: loopback without a key
    if not (has_key or chosen.allow_unauthenticated or is_loopback(chosen.grpc_host)):
        raise OptionError(
            f"GRPC_HOST={chosen.grpc_host!r} serves other machines, and callers need no key: set "
            "API_KEY or API_KEYS_FILE, or ALLOW_UNAUTHENTICATED=true if that is what you want"
        )
