"""What a person reads when the server is up."""

from housing_grpc.manager import LiveModel
from housing_grpc.settings import Settings


def text(chosen: Settings, port: int, live: LiveModel) -> str:
    """Returns a few lines: where everything is, and what to type next."""
    metadata = live.bundle.metadata
    model = f"{metadata.model_type}, {metadata.preprocessing}"
    origin = chosen.bundle_dir or f"alias '{chosen.mlflow_model_alias}' in MLflow"
    stale = ", the last one known: the registry does not answer" if live.stale else ""
    target = f"localhost:{port}"
    example = '{"house": {"CRIM": 0.00632, "RM": 6.575, "LSTAT": 4.98}}'
    return "\n".join(
        (
            "",
            f"  Serving {metadata.name} version {live.version} ({model}) on {target}{stale}",
            f"  from    {origin}",
            "",
            "  Next, in another terminal:",
            "    .venv/bin/python -m admin predict          one price, for an example house",
            "    .venv/bin/python -m admin info             all about the live model",
            f"    grpcurl -plaintext -d '{example}' {target} \\",
            "      housing.v1.PredictionService/Predict",
            "    .venv/bin/python -m admin train            another model, with its quality",
            "  Ctrl-C stops the server when the calls in flight are answered.",
            "",
        )
    )
