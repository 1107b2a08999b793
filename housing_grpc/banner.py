"""What a person reads when the server is up."""

import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from housing_grpc.base import address
from housing_grpc.model.live import Release
from housing_grpc.settings import Settings

_USUAL_TARGET = "localhost:50051"
_EXAMPLE = '{"house": {"CRIM": 0.00632, "RM": 6.575, "LSTAT": 4.98}}'


def text(chosen: Settings, port: int, live: Release) -> str:
    """Returns a few lines: where everything is, and what to type next."""
    model = f"{live.model_type}, {live.preprocessing}"
    origin = chosen.bundle_dir or f"alias '{chosen.mlflow_model_alias}' in MLflow"
    stale = ", the last one known: the registry does not answer" if live.facts.stale else ""
    target = address.shown(chosen.grpc_host, port)
    return "\n".join(
        (
            "",
            f"  Serving {live.name} version {live.version} ({model}) on {target}{stale}",
            f"  from    {origin}",
            *_metrics(chosen),
            "",
            "  Next, in another terminal:",
            *_variables(chosen, target),
            *_commands(predict="one price, for an example house", info="all about the live model"),
            f"    grpcurl {_flags(chosen)} -d '{_EXAMPLE}' {target} \\",
            "      housing.v1.PredictionService/Predict",
            *_commands(train="another model, with its quality"),
            "  Ctrl-C stops the server when the calls in flight are answered.",
            "",
        )
    )


def _commands(**purposes: str) -> Iterator[str]:
    """Yields lines that run commands of the admin CLI, if it is installed with this server."""
    if find_spec("fire") is None:
        return
    admin = Path(sys.executable).with_name("housing-admin")
    here = Path.cwd()
    shown = admin.relative_to(here) if admin.is_relative_to(here) else admin.name
    for name, purpose in purposes.items():
        yield f"    {f'{shown} {name}':<43}{purpose}"


def _metrics(chosen: Settings) -> tuple[str, ...]:
    if not (chosen.metrics_enabled and chosen.metrics_port):
        return ()
    return (f"  metrics http://{address.target(chosen.metrics_host, chosen.metrics_port)}/metrics",)


def _variables(chosen: Settings, target: str) -> tuple[str, ...]:
    """Returns what the other terminal needs in its environment for the lines that follow."""
    lines = []
    if target != _USUAL_TARGET:
        lines.append(f"    export HOUSING_TARGET={target}")
    if chosen.api_key or chosen.api_keys_file:
        lines.append("    export API_KEY=...                         a key of the server's")
    if chosen.tls_cert_file:
        lines.append("    export HOUSING_CA_FILE=ca.pem              who signed its certificate")
    if chosen.tls_client_ca_file:
        lines.append("    export HOUSING_CERT_FILE=me.pem HOUSING_KEY_FILE=me.key")
    return tuple(lines)


def _flags(chosen: Settings) -> str:
    tls = '-cacert "$HOUSING_CA_FILE"' if chosen.tls_cert_file else "-plaintext"
    shown = ' -cert "$HOUSING_CERT_FILE" -key "$HOUSING_KEY_FILE"'
    key = ' -H "x-api-key: $API_KEY"'
    return "".join(
        (
            tls,
            shown if chosen.tls_client_ca_file else "",
            key if chosen.api_key or chosen.api_keys_file else "",
        )
    )
