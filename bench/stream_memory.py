"""What memory a long job takes: the server and `housing score` over a generated CSV.

`python -m bench.stream_memory 5000000` takes that many rows; otherwise it is a million.
A linear model, so that it is the stream that is measured.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import results
from bench.models import make_bundle
from bench.results import Figure
from bench.serving import resident_mib, serve
from bench.stream import houses
from housing_grpc.bundle.schema import FEATURE_NAMES

ROWS = 1_000_000
BLOCK = 20_000
PORT = 50973
PAUSE = 0.1
GOAL_MIB = 16.0

Samples = list[tuple[float, float]]


def main(rows: int = ROWS) -> bool:
    """Prints the figures; returns whether memory stays flat after the first tenth."""
    with tempfile.TemporaryDirectory() as scratch:
        bundle, source = Path(scratch, "bundle"), Path(scratch, "houses.csv")
        target = Path(scratch, "prices.csv")
        make_bundle("linear", bundle)
        _write(source, rows)
        with serve(bundle, PORT) as server:
            started = time.monotonic()
            client = _client(source, target)
            samples: Samples = []
            while client.poll() is None:
                samples.append((server.resident_mib(), _resident(client.pid)))
                time.sleep(PAUSE)
            seconds = time.monotonic() - started
        with target.open("rb") as file:
            lines = sum(1 for _ in file) - 1
    rate = lines / seconds
    print(f"{lines:,} of {rows:,} rows in {seconds:.0f} s, {rate:,.0f} rows/s, file to file")
    grown = [_report(name, [each[side] for each in samples]) for side, name in enumerate(_SIDES)]
    figures = {
        f"{name} growth": Figure(value=mib, unit="MiB")
        for name, mib in zip(_SIDES, grown, strict=True)
    }
    figures |= {"rows": Figure(value=lines), "rate": Figure(value=rate, unit="rows/s")}
    results.record("stream_memory", figures)
    return client.returncode == 0 and lines == rows and max(grown) <= GOAL_MIB


_SIDES = ("server", "client")


def _report(side: str, mib: list[float]) -> float:
    tenth = max(len(mib) // 10, 1)
    early, late = max(mib[:tenth]), max(mib[tenth:-1] or mib)
    print(
        f"{side}: {early:.0f} MiB in the first tenth, at most {late:.0f} MiB later; "
        f"goal: {GOAL_MIB:.0f} MiB more or less"
    )
    return late - early


def _client(source: Path, target: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "clients.python", "score", str(source), str(target)]
    return subprocess.Popen([*command, "--target", f"127.0.0.1:{PORT}", "--quiet"])


def _resident(pid: int) -> float:
    try:
        return resident_mib(pid)
    except (OSError, RuntimeError):
        # It has ended meanwhile.
        return 0.0


def _write(path: Path, rows: int) -> None:
    block = houses(BLOCK)
    text = "".join(",".join(f"{value:g}" for value in row) + "\n" for row in block.tolist())
    with path.open("w", encoding="ascii") as file:
        file.write(",".join(FEATURE_NAMES) + "\n")
        whole, rest = divmod(rows, BLOCK)
        for _ in range(whole):
            file.write(text)
        file.writelines(text.splitlines(keepends=True)[:rest])


if __name__ == "__main__":
    sys.exit(not main(*map(int, sys.argv[1:2])))
