"""Asks a server which model is live."""

from typing import TYPE_CHECKING

from ..base import options
from ..base.options import Text
from ..base.settings import Settings
from ..terminal.console import Console
from ..terminal.uncertainty import facts

if TYPE_CHECKING:
    from housing.v1.model_pb2 import ModelInfoResponse

_FEATURES = ("feature", "lowest", "highest", "missing", "unit")


def run(console: Console, settings: Settings, *, target: Text = None, tls: Text = None) -> None:
    """Show which model a server has.

    Args:
        console: Where the answer goes.
        settings: The usual server, and its key.
        target: Server (host:port).
        tls: Whether to encrypt the connection.
    """
    address = options.given(target, "--target") or settings.target
    from ..server.answers import document
    from ..server.client import connect

    with connect(settings, address, tls=options.flag(tls, "--tls")) as server:
        found = server.info()
    console.table(("about", "value"), _facts(found), title=f"Server at {address}")
    console.table(_FEATURES, _features(found), title="Features, as in the training data")
    console.give(document(found))


def _facts(found: "ModelInfoResponse") -> list[tuple[str, str]]:
    stale = ", which may be out of date: the registry did not answer" if found.stale else ""
    return [
        ("model", f"{found.name} version {found.version}{stale}"),
        ("type", f"{found.model_type} x {found.preprocessing}"),
        ("target", f"{found.target.name} ({found.target.unit})"),
        ("scores", ", ".join(f"{name} {x:.4g}" for name, x in sorted(found.metrics.items()))),
        ("trained", found.trained_at.ToJsonString()),
        ("loaded", f"{found.loaded_at.ToJsonString()} (generation {found.generation})"),
        ("bundle", found.bundle_digest[:12]),
        *([("rolled back from", found.rolled_back_from)] if found.rolled_back_from else []),
        ("run", found.run_id or "-"),
        ("source", found.source),
        ("server", found.server_version),
        ("evaluator", found.evaluator or "-"),
        *facts(found),
    ]


def _features(found: "ModelInfoResponse") -> list[tuple[str, ...]]:
    return [
        (each.name, f"{each.min:g}", f"{each.max:g}", str(each.missing_count), each.unit or "-")
        for each in found.features
    ]
