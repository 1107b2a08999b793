"""Predict on our server and on the peers: the same fitted pipeline, the same row.

Each peer in turn beside ours, 32 calls at a time, a core for the server and one for the
load. A peer that does not install or start on this machine is left out, with the reason.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from bench import contest, models, results, sides
from bench.contest import Side
from bench.load import LoadError
from bench.peers import artefacts, servers
from bench.peers.artefacts import Artefacts
from bench.results import Figure

CONNECTIONS, IN_FLIGHT = 4, 8
ROUNDS, SECONDS = 5, 1.5
TYPES = ("xgboost", "random_forest")
GOALS = {
    "xgboost": {"mlserver": 4.5, "fastapi": 9.0, "triton": 1.3},
    "random_forest": {"mlserver": 30.0, "fastapi": 40.0, "triton": 1.3},
}

Peer = Callable[[], AbstractContextManager[Side]]


def main() -> bool:
    """Prints the table and records it; returns whether every goal is reached."""
    house = models.example()
    figures: dict[str, Figure] = {}
    notes: list[str] = []
    print("| model | peer | calls/s | ours, calls/s | ours ÷ peer | peer's MiB | peer's start |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        for name in TYPES:
            made = artefacts.make(name, Path(scratch, name))
            for label, peer in _peers(made, house):
                try:
                    found = _measure(made, peer)
                except (RuntimeError, OSError) as error:
                    notes.append(f"{label} with {name} left out: {_brief(error)}")
                    print(notes[-1], file=sys.stderr, flush=True)
                    continue
                figures |= {f"{name} {label} {key}": each for key, each in found.items()}
                _report(name, label, found)
    results.record("peers", figures, notes=notes)
    return all(_reached(figures, name, peer, goal) for name in TYPES
               for peer, goal in GOALS[name].items())  # fmt: skip


def _peers(made: Artefacts, house: dict[str, float]) -> Iterator[tuple[str, Peer]]:
    runtimes = ("sklearn", "xgboost") if made.name == "xgboost" else ("sklearn",)
    for runtime in runtimes:
        for batching in (False, True):
            label = f"mlserver, {runtime} runtime, batching {'on' if batching else 'off'}"
            yield label, partial(servers.mlserver, made, house, runtime, batching=batching)
    yield "fastapi", partial(servers.fastapi, made, house)
    yield "mlflow models serve", partial(servers.mlflow, made, house)
    yield "triton", partial(servers.triton, made, house)


def _measure(made: Artefacts, peer: Peer) -> dict[str, Figure]:
    started = time.monotonic()
    with peer() as other:
        ready = time.monotonic() - started
        with sides.ours(made.bundle, made.pipeline, models.example()) as ours:
            found = contest.measure(
                [other, ours],
                connections=CONNECTIONS,
                in_flight=IN_FLIGHT,
                rounds=ROUNDS,
                seconds=SECONDS,
            )
        memory = other.server.resident_mib()
    theirs, own = found[other.name], found["ours"]
    return {
        "ratio": contest.ratio(own.rate, theirs.rate),
        "ratio by processor time": contest.ratio(theirs.cpu, own.cpu),
        "calls": contest.summary(theirs.rate, unit="1/s"),
        "calls ours": contest.summary(own.rate, unit="1/s"),
        "memory": Figure(value=memory, unit="MiB"),
        "start": Figure(value=ready, unit="s"),
    }


def _report(name: str, label: str, found: dict[str, Figure]) -> None:
    print(
        f"| {name} | {label} | {found['calls'].value:,.0f} | {found['calls ours'].value:,.0f} "
        f"| {found['ratio'].value:.1f} | {found['memory'].value:.0f} "
        f"| {found['start'].value:.1f} s |",
        flush=True,
    )


def _reached(figures: dict[str, Figure], name: str, peer: str, goal: float) -> bool:
    # MLServer runs in several ways: it is its best that counts.
    found = [
        figure.value
        for key, figure in figures.items()
        if key.startswith(f"{name} {peer}") and key.endswith(" ratio")
    ]
    return not found or min(found) >= goal


def _brief(error: Exception) -> str:
    kind = "the load failed" if isinstance(error, LoadError) else type(error).__name__
    return f"{kind}: {str(error).splitlines()[-1][:160] if str(error) else ''}"
