"""The Open Inference Protocol: ModelInfer beside Predict and PredictBatch, and beside its peers.

One server answers both dialects in turn, and the peers one after the other, 32 calls at a time, a
core for the server and one for the load. Peers get the same request, but for names, as our server
does: one row, typed, from a client of their own. A peer that does not install or start on this
machine is left out, with the reason.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import numpy as np
from google.protobuf.message import Message
from housing.v1.prediction_pb2 import PredictBatchRequest, PredictRequest

from bench import contest, load, models, results, serving, sides
from bench.contest import Side
from bench.models import to_house
from bench.peers import artefacts, environment, servers
from bench.peers.artefacts import Artefacts
from bench.results import Figure
from housing_grpc.bundle.schema import FEATURE_NAMES
from housing_grpc.oip.messages import ModelInferRequest, ModelInferResponse

MODEL = "xgboost"
CONNECTIONS, IN_FLIGHT = 4, 8
ROUNDS, SECONDS = 7, 1.5
BATCH = 1000
PREDICT, PREDICT_BATCH = sides.PREDICT, f"{sides.PREDICT}Batch"
MODEL_INFER = "/inference.GRPCInferenceService/ModelInfer"
GOALS = {"one row": 0.85, "1,000 rows": 0.9, "mlserver": 6.0, "triton": 1.5}

Peer = Callable[[], AbstractContextManager[Side]]


def main() -> bool:
    """Prints the ratios and records them; returns whether every goal is reached."""
    house, notes = models.example(), list[str]()
    figures: dict[str, Figure] = {}
    with tempfile.TemporaryDirectory() as scratch:
        made = artefacts.make(MODEL, Path(scratch, MODEL))
        figures |= _ours(made, house)
        for name, peer in _peers(made, house):
            try:
                figures |= _beside(name, made, house, peer)
            except (RuntimeError, OSError) as error:
                notes.append(f"{name} left out: {str(error).splitlines()[-1][:160]}")
                print(notes[-1], file=sys.stderr, flush=True)
    for name, figure in figures.items():
        print(f"{name}: {figure.value:,.2f} {figure.unit}", flush=True)
    results.record("oip", figures, notes=notes)
    return all(figures[name].value >= goal for name, goal in GOALS.items() if name in figures)


def _ours(made: Artefacts, house: dict[str, float]) -> dict[str, Figure]:
    port = serving.free_port()
    figures: dict[str, Figure] = {}
    with serving.serve(made.bundle, port, core=serving.SERVER_CORE) as server:
        for name, method, request, rows in (
            ("one row", PREDICT, PredictRequest(house=to_house(house)), 1),
            ("1,000 rows", PREDICT_BATCH, PredictBatchRequest(items=[to_house(house)] * BATCH),
             BATCH),
        ):  # fmt: skip
            own, infer = (
                Side(name=label, server=server, target=_target(port, path, message))
                for label, path, message in (
                    ("own", method, request), ("infer", MODEL_INFER, _raw(house, rows)),
                )
            )  # fmt: skip
            found = contest.measure(
                [own, infer], connections=CONNECTIONS, in_flight=IN_FLIGHT if rows == 1 else 1,
                rounds=ROUNDS, seconds=SECONDS,
            )  # fmt: skip
            ours, theirs = found["infer"], found["own"]
            figures |= {
                name: contest.ratio(ours.rate, theirs.rate),
                f"{name} by processor time": contest.ratio(theirs.cpu, ours.cpu),
                f"{name} calls": contest.summary(ours.rate, unit="1/s"),
            }
    return figures


def _raw(house: dict[str, float], rows: int) -> Any:
    row = np.array([[house[each] for each in FEATURE_NAMES]])
    request = ModelInferRequest(model_name="bench")
    request.inputs.add(name="input", datatype="FP64", shape=[rows, len(FEATURE_NAMES)])
    request.raw_input_contents.append(np.repeat(row, rows, axis=0).tobytes())
    return request


def _target(port: int, method: str, request: Message) -> load.Target:
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        call: Any = channel.unary_unary(method)
        answer: bytes = call(request.SerializeToString(), timeout=30)
    if method == MODEL_INFER and not ModelInferResponse.FromString(answer).raw_output_contents:
        raise sides.WrongAnswerError("the answer has no price")
    return load.grpc_target(port, method, request, answer)


def _peers(made: Artefacts, house: dict[str, float]) -> Iterator[tuple[str, Peer]]:
    yield "mlserver", partial(servers.mlserver, made, house, "xgboost", batching=False)
    yield "triton", partial(servers.triton, made, house)


def _beside(name: str, made: Artefacts, house: dict[str, float], peer: Peer) -> dict[str, Figure]:
    with peer() as other, _infer(made, house) as ours:
        found = contest.measure(
            [other, ours],
            connections=CONNECTIONS,
            in_flight=IN_FLIGHT,
            rounds=ROUNDS,
            seconds=SECONDS,
        )
    theirs, own = found[other.name], found["ours"]
    return {
        name: contest.ratio(own.rate, theirs.rate),
        f"{name} by processor time": contest.ratio(theirs.cpu, own.cpu),
        f"{name} calls": contest.summary(theirs.rate, unit="1/s"),
    }


@contextmanager
def _infer(made: Artefacts, house: dict[str, float]) -> Iterator[Side]:
    port, row = serving.free_port(), np.array([[house[each] for each in FEATURE_NAMES]])
    with serving.serve(made.bundle, port, core=serving.SERVER_CORE) as server:
        target = servers.infer_target(
            environment.ensure("mlserver"),
            port,
            ("bench", "input"),
            row,
            sides.answer(made.pipeline, house),
        )
        yield Side(name="ours", server=server, target=target)
