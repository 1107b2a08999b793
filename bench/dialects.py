"""The dialects over HTTP beside the servers that they are from: MLServer, `mlflow models serve`.

One row a call, 32 calls at a time over HTTP/1.1, a core for what serves and one for the load. On
our side two processes share that core: the proxy, and the gRPC server behind it. A peer that does
not install or start on this machine is left out, with the reason.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

import numpy as np

from bench import contest, models, results, serving, sides
from bench.contest import Side
from bench.load import Target
from bench.peers import artefacts, servers
from bench.peers.artefacts import Artefacts
from bench.results import Figure
from housing_grpc.bundle.schema import FEATURE_NAMES

MODEL = "xgboost"
CONNECTIONS = 32
ROUNDS, SECONDS = 7, 1.5
GOALS = {"mlserver": 3.0}

House = dict[str, float]
Peer = Callable[[], AbstractContextManager[Side]]


def main() -> bool:
    """Prints the ratios and records them; returns whether every goal is reached."""
    house, notes = models.example(), list[str]()
    figures: dict[str, Figure] = {}
    with tempfile.TemporaryDirectory() as scratch:
        made = artefacts.make(MODEL, Path(scratch, MODEL))
        figures |= _own(made, house)
        for name, form, peer in _peers(made, house):
            try:
                figures |= _beside(name, form, made, house, peer)
            except (RuntimeError, OSError) as error:
                notes.append(f"{name} left out: {str(error).splitlines()[-1][:160]}")
                print(notes[-1], file=sys.stderr, flush=True)
    for name, figure in figures.items():
        print(f"{name}: {figure.value:,.2f} {figure.unit}", flush=True)
    results.record("dialects", figures, notes=notes)
    return all(figures[name].value >= goal for name, goal in GOALS.items() if name in figures)


def _own(made: Artefacts, house: House) -> dict[str, Figure]:
    """Compares each dialect with the proxy's own way, POST /v1/predict."""
    figures: dict[str, Figure] = {}
    for name in ("oip", "v1", "invocations"):
        with ours(made, house, "predict", name) as (own, other):
            found = contest.measure(
                [own, other], connections=CONNECTIONS, in_flight=1, rounds=ROUNDS, seconds=SECONDS
            )
        figures |= {
            f"{name} beside predict": contest.ratio(found[name].rate, found["predict"].rate),
            f"{name} calls": contest.summary(found[name].rate, unit="1/s"),
        }
    return figures


def _peers(made: Artefacts, house: House) -> Iterator[tuple[str, str, Peer]]:
    asked = partial(servers.mlserver, made, house, batching=False, http=True)
    yield "mlserver", "oip", partial(asked, "xgboost")
    yield "mlserver, whole pipeline", "oip", partial(asked, "sklearn")
    yield "mlflow models serve", "invocations", partial(servers.mlflow, made, house)


def _beside(name: str, form: str, made: Artefacts, house: House, peer: Peer) -> dict[str, Figure]:
    with peer() as other, ours(made, house, form) as (mine,):
        found = contest.measure(
            [other, mine], connections=CONNECTIONS, in_flight=1, rounds=ROUNDS, seconds=SECONDS
        )
    theirs, own = found[other.name], found[form]
    return {
        name: contest.ratio(own.rate, theirs.rate),
        f"{name} calls": contest.summary(theirs.rate, unit="1/s"),
    }


@contextmanager
def ours(made: Artefacts, house: House, *forms: str) -> Iterator[list[Side]]:
    """Runs server and proxy on one core, as a side for each form."""
    grpc_port, port = serving.free_port(), serving.free_port()
    url, core = f"http://127.0.0.1:{port}", serving.SERVER_CORE
    command = [sys.executable, "-m", "housing_grpc.rest", "--api-port", str(port)]
    command += ["--grpc-target", f"127.0.0.1:{grpc_port}", "--dialects", "oip,v1,invocations"]
    price = sides.answer(made.pipeline, house)
    with (
        serving.serve(made.bundle, grpc_port, core=core),
        serving.launch(command, ready=lambda: serving.answers_http(f"{url}/health"), core=core) as
        server,
    ):  # fmt: skip
        yield [
            Side(name=form, server=server, target=_target(url, form, house, price))
            for form in forms
        ]


def _target(url: str, form: str, house: House, price: float) -> Target:
    values = [house[name] for name in FEATURE_NAMES]
    split = {"columns": list(FEATURE_NAMES), "data": [values]}
    path, body = {
        "predict": ("/v1/predict", house),
        "oip": ("/v2/models/bench/infer", servers.tensors("input", np.array([values]))),
        "v1": ("/v1/models/bench:predict", {"instances": [values]}),
        "invocations": ("/invocations", {"dataframe_split": split}),
    }[form]
    return servers.json_target(f"{url}{path}", dict(body), price)
