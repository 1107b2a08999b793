"""What a server takes to ask a registry which version is promoted, and to fetch a bundle.

A real MLflow server hands out the files, and the same registry is asked as an SQLite file. What
counts is processor time of this process and of those that it starts, and, to fetch, the seconds
that a reload waits.
"""

import resource
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from statistics import median

from bench import results, serving
from bench.blackhole import mlflow_server, seed
from bench.results import Figure
from housing_grpc.model.child_processes import Children
from housing_grpc.model.source import Target
from housing_grpc.registry.location import DEFAULT_ALIAS, DEFAULT_MODEL_NAME, RegistryLocation
from housing_grpc.registry.registry_source import RegistrySource

GOAL_LOOK_MS, GOAL_FETCH_MS = 20.0, 300.0
_ROUNDS = 15
_SECONDS = 60.0


def main() -> bool:
    """Prints and records the figures; returns whether they reach their goals."""
    figures: dict[str, Figure] = {}
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        folder = Path(scratch)
        server = f"http://127.0.0.1:{serving.free_port()}"
        stack.enter_context(mlflow_server(folder, server))
        seed({"MLFLOW_TRACKING_URI": server, "HOUSING_HOME": str(folder / "home")})
        for kind, uri in (("server", server), ("SQLite", f"sqlite:///{folder / 'mlflow.db'}")):
            look, _ = _taken(_source(uri, folder / "cache").wanted)
            figures[f"look, {kind}"] = Figure(value=look, unit="ms")
        caches = (folder / f"cache{number}" for number in count())
        fetch, waited = _taken(lambda: _source(server, next(caches)).fetch(Target()))
        figures["fetch, processor"] = Figure(value=fetch, unit="ms")
        figures["fetch, waited"] = Figure(value=waited, unit="ms")
    results.tell("registry", figures)
    print(f"goals: {GOAL_LOOK_MS:g} ms a look, {GOAL_FETCH_MS:g} ms to fetch")
    goals = {name: GOAL_LOOK_MS if "look" in name else GOAL_FETCH_MS for name in figures}
    return all(figure.value <= goals[name] for name, figure in figures.items())


def _source(uri: str, cache: Path) -> RegistrySource:
    where = RegistryLocation(tracking_uri=uri, model_name=DEFAULT_MODEL_NAME, alias=DEFAULT_ALIAS)
    return RegistrySource(where, cache, _SECONDS, children=Children())


def _taken(ask: Callable[[], object]) -> tuple[float, float]:
    """Returns the milliseconds of processor and of the clock that a question takes."""
    ask()  # The first one imports what it needs.
    rounds = []
    for _ in range(_ROUNDS):
        processor, clock = _processor(), time.perf_counter()
        ask()
        rounds.append((_processor() - processor, time.perf_counter() - clock))
    return 1e3 * median(each for each, _ in rounds), 1e3 * median(each for _, each in rounds)


def _processor() -> float:
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(sum(resource.getrusage(kind)[:2]) for kind in kinds)
