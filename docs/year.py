"""Plays a year in some minutes: the market begins to drift in July, and the model follows it.

    python -m docs.year                         # with a server of its own, in a folder that goes
    python -m docs.year HOST:PORT [HOST:PORT]   # with servers of one registry and one store

A server is asked for the prices of 500 houses, with receipts. Month by month they are sold, and
their prices come back; when the intervals no longer hold what they promise, the model is trained
again, with what was sold. The new one is compared in the shadow until there is a verdict, and then
promoted. At last, the first price of the year is answered again, to the bit.

Servers that are named keep features (FEEDBACK_KEEP_FEATURES), and serve a version that was
promoted; the variables that they were started with have to be there, too.
"""

import csv
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import cycle
from math import exp
from pathlib import Path
from typing import Any

from clients.python import HousingClient, HousingError, ModelQuality, Outcome, Prediction, Recorded

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "data" / "HousingData.csv"
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September",
          "October", "November", "December")  # fmt: skip
PER_MONTH, IN_ALL = 42, 500
VARIED = ("CRIM", "DIS", "LSTAT")
DEARER_A_MONTH = 0.05
SOURCES = cycle(("land-registry", "notary", "broker", "bank"))
READY_SECONDS = 300.0
UNDECIDED = "VERDICT_OUTCOME_UNDECIDED"

House = dict[str, float | None]
Sold = tuple[Prediction, float]
"""What was predicted, and what the house is worth at the beginning of the year."""


def main(servers: Sequence[str]) -> None:
    """Plays the year with these servers, or with one of its own."""
    if servers:
        play(servers)
        return
    with own_server() as server:
        play([server])


def play(servers: Sequence[str]) -> None:
    """Plays the year; each call goes to another of the servers."""
    turns, draw = cycle(servers), random.Random(1978)  # noqa: S311 - keeps no secret
    sold = priced(next(turns), houses(draw, IN_ALL))
    first = sold[0][0]
    print(f"priced {len(sold)} houses with version {first.model_version}; the first: {first.price}")
    for month, name in enumerate(MONTHS):
        mine = sold[month * PER_MONTH : (month + 1) * PER_MONTH]
        report(next(turns), mine, 1 + DEARER_A_MONTH * max(month - 5, 0), draw)
        show_quality(next(turns), name)
    interval = quality(next(turns)).interval
    if interval is None or not interval.alarm:
        raise SystemExit("the market has moved, and nobody was alarmed")
    made = json.loads(admin("retrain", "--if-labels", "200", "--then", "challenge", "--json"))
    number = made["version"]
    print(f"trained version {number}, {made['reason']}: {made['gate']['verdict']}; it challenges")
    for each in servers:
        admin("reload", "--target", each)
        await_challenger(each)
    market = 1 + DEARER_A_MONTH * (len(MONTHS) - 6)
    found = {"outcome": UNDECIDED}
    while found["outcome"] == UNDECIDED:
        report(next(turns), priced(next(turns), houses(draw, PER_MONTH)), market, draw)
        found = verdict(next(turns))
        print(f"after {found['labels']} sales: {found['outcome']}")
    if found["outcome"] != "VERDICT_OUTCOME_CHALLENGER_BETTER":
        raise SystemExit(f"the new version is not better: {found['text']}")
    admin("promote", number, "--reason", found["text"])
    for each in servers:
        admin("reload", "--target", each)
    again = priced(next(turns), houses(draw, PER_MONTH))
    print(f"version {again[0][0].model_version} serves")
    print(admin("replay", first.receipt or ""))
    print(admin("history"))


def houses(draw: random.Random, count: int) -> list[tuple[House, float]]:
    """Draws houses that are much like those of the data, and what they are worth."""
    with DATA.open(newline="") as file:
        rows = [
            {name: None if text in ("", "NA") else float(text) for name, text in row.items()}
            for row in csv.DictReader(file)
        ]
    found = []
    for row in draw.choices(rows, k=count):
        house = {
            name: value * exp(draw.gauss(0, 0.02)) if value and name in VARIED else value
            for name, value in row.items()
            if name != "MEDV"
        }
        found.append((house, row["MEDV"] or 0.0))
    return found


def priced(server: str, asked: Sequence[tuple[House, float]]) -> list[Sold]:
    """Asks for the prices of houses, with receipts."""
    found: list[Sold] = []
    with HousingClient(server) as client:
        for start in range(0, len(asked), 100):
            part = asked[start : start + 100]
            answers = client.predict_batch([house for house, _ in part], receipt=True)
            for answer, (_, worth) in zip(answers, part, strict=True):
                if not isinstance(answer, Prediction):
                    raise SystemExit(str(answer))
                found.append((answer, worth))
    return found


def report(server: str, sold: Sequence[Sold], market: float, draw: random.Random) -> None:
    """Sends back what houses sold for: what they were worth, the market, and some luck."""
    outcomes = [
        Outcome(
            receipt=answer.receipt or "",
            actual=worth * market * exp(draw.gauss(0, 0.07)),
            source=next(SOURCES),
        )
        for answer, worth in sold
    ]
    with HousingClient(server) as client:
        done = client.record_outcomes(outcomes)
    if any(each is not Recorded.NEW for each in done):
        raise SystemExit(f"not all were recorded: {done}")


def show_quality(server: str, month: str) -> None:
    """Prints how good the prices of the live model were so far."""
    found = quality(server)
    held = found.interval
    if held is None:
        raise SystemExit("prices have no intervals: housing-admin upgrade VERSION")
    alarm = "ALARM: intervals hold less than they promise" if held.alarm else ""
    print(
        f"{month:<9}  {found.labels:>3} sold  RMSE {found.rmse:.2f}  skill {found.skill or 0:.2f}"
        f"  in the interval {held.ratio:.0%}  detector {held.detector:.3g}  {alarm}".rstrip()
    )


def quality(server: str) -> ModelQuality:
    """Returns how good the prices of the live model were."""
    with HousingClient(server) as client:
        return client.quality()[0]


def verdict(server: str) -> dict[str, Any]:
    """Returns which of the two models is better."""
    found: dict[str, Any] = json.loads(admin("verdict", "--target", server, "--json"))["verdict"]
    return found


def await_challenger(server: str) -> None:
    """Waits until a server has loaded the challenger."""
    until = time.monotonic() + READY_SECONDS
    while run("verdict", "--target", server).returncode:
        if time.monotonic() > until:
            raise SystemExit(f"{server} has no challenger")


def admin(*arguments: str) -> str:
    """Runs a command of the admin CLI; returns what it prints."""
    done = run(*arguments)
    if done.returncode:
        raise SystemExit(f"housing-admin {' '.join(arguments)}: {done.stdout}{done.stderr}")
    return done.stdout


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Runs a command of the admin CLI, whatever becomes of it."""
    command = [sys.executable, "-m", "admin", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@contextmanager
def own_server() -> Iterator[str]:
    """Runs a server in an empty home, as `make serve` does, and ends it."""
    with tempfile.TemporaryDirectory() as home:
        names = ("GRPC_PORT", "API_PORT", "METRICS_PORT")
        ports = {name: str(port) for name, port in zip(names, free_ports(len(names)), strict=True)}
        kept = {"HOUSING_HOME": home, "FEEDBACK_KEEP_FEATURES": "true"}
        os.environ.update(ports | kept)
        admin("seed")
        command = [sys.executable, "-m", "housing_grpc.up"]
        server = f"localhost:{ports['GRPC_PORT']}"
        with (
            Path(home, "server.log").open("w") as log,
            subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log) as process,
        ):
            try:
                await_ready(server)
                yield server
            finally:
                process.terminate()


def await_ready(server: str) -> None:
    """Waits until a server gives prices."""
    until = time.monotonic() + READY_SECONDS
    while True:
        try:
            priced(server, [({"RM": 6.5}, 0.0)])
        except HousingError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
        else:
            return


def free_ports(count: int) -> list[int]:
    """Finds ports of this machine that nobody listens at."""
    with ExitStack() as stack:
        held = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in held]


if __name__ == "__main__":
    main(sys.argv[1:])
