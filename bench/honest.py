"""What honest answers cost: intervals and p-values with every price, and explanations when asked.

Predict is called on a server of a bundle that knows how sure its prices are and how unusual houses,
and on one of the same model without; then on the first with and without an explanation. The stream
sends a matrix, with intervals and p-values and without. Rounds alternate; a figure is the median of
the rounds' ratios. The goals hold for ratios by processor time of the server, which other programs
on the machine hardly change, but for the time that a call with an explanation takes.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import grpc
from sklearn.pipeline import Pipeline

from bench import contest, models, results, serving, sides
from bench.contest import Side
from bench.results import Figure
from bench.serving import CLIENT_CORE, SERVER_CORE, on_core
from bench.stream import Sender, houses

MODEL = "xgboost"
# No house of the training data: to that, every distance would be 0.
HOUSE = {**models.example(), "RM": 6.6}
ROUNDS, SECONDS = 9, 1.0
CHUNK, CHUNKS = 10_000, 12

Figures = dict[str, Figure]


def main() -> bool:
    """Prints the figures and records them; returns whether every goal is reached."""
    with _bundles() as (honest, plain, pipeline):
        with (
            sides.ours(plain, pipeline, HOUSE, name="without") as without,
            sides.ours(honest, pipeline, HOUSE, name="with") as told,
        ):
            figures = _predict(without, told)
            figures |= _explained(told, sides.answer(pipeline, HOUSE))
        figures |= _streamed(honest)
    results.tell("honest", figures)
    return (
        figures["predict"].value >= 0.97
        and figures["explain p50"].value <= 2
        and figures["stream"].value >= 0.6
    )


@contextmanager
def _bundles() -> Iterator[tuple[Path, Path, Pipeline]]:
    with TemporaryDirectory() as scratch:
        honest, plain = Path(scratch, "honest"), Path(scratch, "plain")
        pipeline = models.make_bundle(MODEL, honest, honest=True)
        models.make_bundle(MODEL, plain)
        yield honest, plain, pipeline


def _predict(without: Side, told: Side) -> Figures:
    found = contest.measure(
        [without, told], connections=4, in_flight=8, rounds=ROUNDS, seconds=SECONDS
    )
    plain, honest = found["without"], found["with"]
    return {
        "predict": contest.ratio(plain.cpu, honest.cpu),
        "predict by clock": contest.ratio(honest.rate, plain.rate),
        "predict without": contest.summary([1e6 * each for each in plain.cpu], unit="µs"),
        "predict with": contest.summary([1e6 * each for each in honest.cpu], unit="µs"),
    }


def _explained(told: Side, price: float) -> Figures:
    asked = sides.target(sides.port_of(told), HOUSE, price, explain=True)
    explained = replace(told, name="explained", target=asked)
    found = contest.measure(
        [told, explained], connections=1, in_flight=1, rounds=ROUNDS, seconds=SECONDS / 2
    )
    plain, more = found["with"], found["explained"]
    return {
        "explain p50": contest.ratio(more.p50, plain.p50),
        "explain cpu": contest.ratio(more.cpu, plain.cpu),
        "explain": contest.summary([1e6 * each for each in more.p50], unit="µs"),
        "alone": contest.summary([1e6 * each for each in plain.p50], unit="µs"),
    }


def _streamed(honest: Path) -> Figures:
    port, rows = serving.free_port(), houses(CHUNK)
    spent: dict[bool, list[float]] = {False: [], True: []}
    took: dict[bool, list[float]] = {False: [], True: []}
    with (
        serving.serve(honest, port, core=SERVER_CORE) as server,
        on_core(CLIENT_CORE),
        grpc.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        senders = {each: Sender(channel, rows, "matrix", intervals=each) for each in spent}
        for sender in senders.values():
            sender.send(2)
        for _ in range(ROUNDS):
            for each, sender in senders.items():
                before, started = server.cpu_seconds(), time.perf_counter()
                sender.send(CHUNKS)
                took[each].append(time.perf_counter() - started)
                spent[each].append(server.cpu_seconds() - before)
    return {
        "stream": contest.ratio(spent[False], spent[True]),
        "stream by clock": contest.ratio(took[False], took[True]),
        "stream rows": contest.summary([CHUNKS * CHUNK / each for each in took[True]], unit="1/s"),
    }
