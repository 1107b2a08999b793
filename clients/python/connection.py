"""How a channel is opened: address, encryption, keepalive, retries."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any

import grpc

from . import pem, small_file
from .errors import CallCancelledError
from .target import check_target, is_loopback

_SERVICE = "housing.v1"

# Calls that may be asked twice. Not ReloadModel and RollbackModel, whose answers say what they
# changed, and not PredictStream, which goes on after the last answer instead of starting again.
_RETRIED = (
    {"service": f"{_SERVICE}.PredictionService", "method": "Predict"},
    {"service": f"{_SERVICE}.PredictionService", "method": "PredictBatch"},
    {"service": f"{_SERVICE}.ModelService", "method": "ModelInfo"},
    # An outcome counts once, however often it is sent.
    {"service": f"{_SERVICE}.FeedbackService", "method": "RecordOutcomes"},
    {"service": f"{_SERVICE}.FeedbackService", "method": "GetQuality"},
)

_SERVICE_CONFIG = {
    # Over all addresses that DNS gives.
    "loadBalancingConfig": [{"round_robin": {}}],
    "methodConfig": [
        {
            "name": list(_RETRIED),
            "retryPolicy": {
                "maxAttempts": 4,
                "initialBackoff": "0.1s",
                "maxBackoff": "2s",
                "backoffMultiplier": 2,
                # A server that stops resets what has just been sent to it, as CANCELLED.
                "retryableStatusCodes": ["UNAVAILABLE", "CANCELLED"],
            },
        }
    ],
}

Options = Sequence[tuple[str, Any]]
Metadata = tuple[tuple[str, str], ...]

_OPTIONS: Options = (
    ("grpc.service_config", json.dumps(_SERVICE_CONFIG)),
    # Finds out that the other side is gone while a call waits for it.
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    # A server that restarts is back within seconds; gRPC itself would wait up to two minutes.
    ("grpc.initial_reconnect_backoff_ms", 200),
    # The time that an attempt may last; one that is refused does not wait for its end.
    ("grpc.min_reconnect_backoff_ms", 3_000),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    # Answers are as large as what was asked.
    ("grpc.max_receive_message_length", -1),
    ("grpc.primary_user_agent", "housing-client"),
)


@dataclass(frozen=True, kw_only=True)
class Tls:
    """Encryption with certificates of one's own; all are paths of PEM files.

    Attributes:
        ca: Who may sign the server's certificate; the system's own if None.
        certificate: The client's certificate, for a server that asks for one.
        key: Its key.
        server_name: Name in the server's certificate, if it is not the target's.
    """

    ca: str | PathLike[str] | None = None
    certificate: str | PathLike[str] | None = None
    key: str | PathLike[str] | None = None
    server_name: str | None = None

    def credentials(self) -> grpc.ChannelCredentials:
        """Reads the files.

        Raises:
            OSError: One cannot be read.
            ValueError: One holds something else, the key is not that of the certificate,
                or there is one of the two without the other.
        """
        if (self.certificate is None) != (self.key is None):
            raise ValueError("a client certificate needs its key, and a key its certificate")
        # What gRPC finds wrong with them shows only as a server that cannot be reached.
        pem.check(self.ca, self.certificate, self.key)
        return grpc.ssl_channel_credentials(
            root_certificates=_read(self.ca),
            private_key=_read(self.key),
            certificate_chain=_read(self.certificate),
        )


TlsChoice = bool | Tls | grpc.ChannelCredentials


def open_channel(of: Any, target: str, tls: TlsChoice, options: Options) -> Any:
    """Returns a channel of `grpc` or of `grpc.aio`; options of the caller win over ours.

    Raises:
        OSError: A file of the encryption cannot be read.
        ValueError: The target is no address, or a file holds something else.
    """
    check_target(target)
    credentials, chosen = _credentials(tls), _options(target, tls, options)
    if credentials is None:
        return of.insecure_channel(target, chosen)
    return of.secure_channel(target, credentials, chosen)


def metadata_of(api_key: str | None) -> Metadata:
    """Returns what is sent with each call.

    Raises:
        ValueError: The key cannot be sent; the message does not repeat it.
    """
    if api_key and not (api_key.isascii() and api_key.isprintable()):
        raise ValueError("the API key has characters other than printable ASCII")
    return (("x-api-key", api_key),) if api_key else ()


def check_open(*, closed: bool) -> None:
    """Checks that a client may still call.

    Raises:
        CallCancelledError: It is closed.
    """
    if closed:
        raise CallCancelledError("the client is closed", reason="CLIENT_CLOSED")


def _credentials(tls: TlsChoice) -> grpc.ChannelCredentials | None:
    if tls is False:
        return None
    if tls is True:
        return grpc.ssl_channel_credentials()
    return tls.credentials() if isinstance(tls, Tls) else tls


def _options(target: str, tls: TlsChoice, extra: Options) -> list[tuple[str, Any]]:
    chosen = dict(_OPTIONS)
    if is_loopback(target):
        # A proxy in the environment is for the way out; it would look for the server on itself.
        chosen["grpc.enable_http_proxy"] = 0
    if isinstance(tls, Tls) and tls.server_name:
        chosen["grpc.ssl_target_name_override"] = tls.server_name
    return list({**chosen, **dict(extra)}.items())


def _read(path: str | PathLike[str] | None) -> bytes | None:
    return None if path is None else small_file.read(path)
