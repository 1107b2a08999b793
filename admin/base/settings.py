"""The settings of the admin side, from the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from housing_grpc.bundle import files
from housing_grpc.registry import location
from housing_grpc.registry.location import RegistryLocation

from .errors import UsageError

DEFAULT_PORT = 50051
DEFAULT_DAYS = 400
DEFAULT_TARGET = f"localhost:{DEFAULT_PORT}"
# A server that listens on every network is on this machine, too.
_EVERY_NETWORK = frozenset({"", "0.0.0.0", "::", "[::]"})  # noqa: S104 - not bound


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of one invocation.

    Attributes:
        location: The registered model, and where its registry is.
        home: Absolute folder of all local state.
        target: Address (host:port) of the prediction server to talk to.
        api_key: Key sent to that server, or None for none.
        ca_file: Certificates (PEM) that may have signed the server's, or None.
        certificate_file: Certificate (PEM) shown to the server, or None.
        key_file: The private key (PEM) of that certificate, or None.
        signing_key_file: Private key (PEM) that new bundles and statements are signed with, or
            None.
        public_key_file: Public keys (PEM) of those whose bundles and statements servers take, or
            None for everybody's.
        receipt_keys_file: Keys that open receipts, or None for that of the server of this home.
        max_bundle_bytes: Most bytes of a bundle that servers take.
        feedback_url: Where servers keep outcomes, or "" for the store of this home.
        feedback_keep_features: Whether they keep the features of houses, too.
        feedback_days: Days that they keep them, counted from the price; 0 for ever.
    """

    location: RegistryLocation
    home: Path
    target: str = DEFAULT_TARGET
    api_key: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    signing_key_file: Path | None = None
    public_key_file: Path | None = None
    receipt_keys_file: Path | None = None
    max_bundle_bytes: int = files.MAX_BYTES
    feedback_url: str = field(default="", repr=False)
    feedback_keep_features: bool = False
    feedback_days: int = DEFAULT_DAYS


def from_environment(env: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings; a variable that is empty counts as not set.

    Args:
        env: Environment variables: MLFLOW_TRACKING_URI, MLFLOW_MODEL_NAME,
            MLFLOW_MODEL_ALIAS, HOUSING_HOME, HOUSING_TARGET (or else what a server
            here listens on, GRPC_HOST and GRPC_PORT), HOUSING_API_KEY (or else API_KEY, the
            server's own), HOUSING_CA_FILE, HOUSING_CERT_FILE, HOUSING_KEY_FILE,
            BUNDLE_SIGNING_KEY_FILE, BUNDLE_PUBLIC_KEY_FILE, RECEIPT_KEYS_FILE, MAX_BUNDLE_BYTES,
            FEEDBACK_URL, FEEDBACK_KEEP_FEATURES, FEEDBACK_DAYS.

    Raises:
        UsageError: A variable is wrong; the text names it.
    """
    try:
        where, home = location.from_environment(env), location.home_folder(env)
    except ValueError as error:
        raise UsageError(f"{error}; set another") from error
    return Settings(
        location=where,
        home=home,
        target=env.get("HOUSING_TARGET") or _target(env),
        api_key=env.get("HOUSING_API_KEY") or env.get("API_KEY") or None,
        ca_file=_file(env, "HOUSING_CA_FILE"),
        certificate_file=_file(env, "HOUSING_CERT_FILE"),
        key_file=_file(env, "HOUSING_KEY_FILE"),
        signing_key_file=_file(env, "BUNDLE_SIGNING_KEY_FILE"),
        public_key_file=_file(env, "BUNDLE_PUBLIC_KEY_FILE"),
        receipt_keys_file=_file(env, "RECEIPT_KEYS_FILE"),
        max_bundle_bytes=_whole(env, "MAX_BUNDLE_BYTES", files.MAX_BYTES, 2**20, 2**30),
        feedback_url=env.get("FEEDBACK_URL") or "",
        feedback_keep_features=_yes_or_no(env, "FEEDBACK_KEEP_FEATURES"),
        feedback_days=_whole(env, "FEEDBACK_DAYS", DEFAULT_DAYS, 0, 36_500),
    )


def _target(env: Mapping[str, str]) -> str:
    host, port = env.get("GRPC_HOST", ""), env.get("GRPC_PORT", "")
    if not (port.isascii() and port.isdecimal()) or port == "0":
        port = str(DEFAULT_PORT)
    if host in _EVERY_NETWORK:
        host = "localhost"
    bare = host.removeprefix("[").removesuffix("]")
    return f"[{bare}]:{port}" if ":" in bare else f"{bare}:{port}"


def _whole(env: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = env.get(name) or str(default)
    whole = text.isascii() and text.isdecimal() and len(text) <= 10
    if not whole or not low <= int(text) <= high:
        raise UsageError(f"{name}={text!r}: takes a whole number from {low} to {high}")
    return int(text)


def _yes_or_no(env: Mapping[str, str], name: str) -> bool:
    text = env.get(name) or "false"
    # As the server reads it.
    known = {"true": True, "1": True, "false": False, "0": False}
    if text.lower() not in known:
        raise UsageError(f"{name}={text!r}: takes true or false")
    return known[text.lower()]


def _file(env: Mapping[str, str], name: str) -> Path | None:
    value = env.get(name)
    return Path(value).expanduser() if value else None
