"""Asks a server which of two models is better."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..base import options
from ..base.options import Text
from ..base.settings import Settings
from ..terminal.console import Console

if TYPE_CHECKING:
    from housing.v1.experiment_pb2 import GetExperimentResponse

_FIRST_LOOK = 100
_TEXTS = {
    1: "undecided",
    2: "the challenger is better",
    3: "the challenger is worse",
    4: "equivalent",
}


def run(console: Console, settings: Settings, *, target: Text = None, tls: Text = None) -> None:
    """Show how the challenger does.

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
        found = server.experiment()
    console.table(("about", "value"), list(_facts(found)), title=f"Experiment at {address}")
    console.give(document(found))


def _facts(found: "GetExperimentResponse") -> Iterator[tuple[str, str]]:
    verdict, rows = found.verdict, found.shadow_rows
    yield "champion", f"version {found.champion_version}"
    yield "challenger", f"version {found.challenger_version}"
    if found.fault:
        yield "fault", found.fault
        return
    yield "shadow", f"{found.shadow:.0%} of the houses"
    yield "share", f"{found.share:.3g} of the calls"
    yield "houses", f"{rows.scored} scored, {rows.dropped} dropped, {rows.failed} failed"
    if found.HasField("agreement"):
        alike = found.agreement
        yield (
            "prices",
            (
                f"{alike.mean_difference:+.3g} on average, {alike.mean_absolute:.3g} apart;"
                f" {alike.outside_interval:.1%} outside the interval"
            ),
        )
    yield "outcomes", str(verdict.labels)
    if verdict.labels >= _FIRST_LOOK:
        yield (
            "squared error",
            (f"{verdict.difference:+.4g}, from {verdict.lower:+.4g} to {verdict.upper:+.4g}"),
        )
        yield "absolute error", f"{verdict.mae_difference:+.4g}"
    yield "verdict", f"{_TEXTS.get(verdict.outcome, 'unknown')}: {verdict.text}"
