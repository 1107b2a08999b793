"""A price with a receipt, its outcome, the quality and the replay, as the README prints them."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.ports import free_port
from tests.support.processes import ROOT, SECONDS, outcome, started

pytestmark = pytest.mark.integration

HEADING = "### What it sold for"
RECEIPT = "AbyTTNQ…"


def steps() -> list[tuple[str, str]]:
    """Returns each command of the README, and what it prints."""
    text = (ROOT / "README.md").read_text().partition(HEADING)[2]
    block = re.search(r"```console\n(.*?)```", text, re.DOTALL)
    assert block is not None
    found = []
    for part in block[1].split("\n$ "):
        command = re.match(r"(?:\$ )?((?:.*\\\n)*.*)\n", part)
        assert command is not None
        found.append((command[1], part[command.end() :]))
    return found


def pattern(printed: str) -> str:
    """Returns what matches an output: dots stand for anything, as do moments and digests."""
    printed = printed.replace(RECEIPT, "…")
    words = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\dZ|\b[0-9a-f]{16}\b", "…", printed).split()
    return r"\s+".join(re.escape(word).replace("…", ".*?") for word in words)


def test_the_example_of_the_readme(tmp_path: Path) -> None:
    grpc, rest = free_port(), free_port()
    variables = {
        "HOUSING_HOME": str(tmp_path), "GRPC_PORT": str(grpc), "API_PORT": str(rest),
        "METRICS_ENABLED": "false", "HOUSING_TARGET": f"localhost:{grpc}",
        "PYTHONPATH": f"{ROOT}:{ROOT / 'generated'}",
    }  # fmt: skip
    outcome([sys.executable, "-m", "admin", "seed"], env={**variables}, check=True)
    with started(["-m", "housing_grpc.up"], **variables) as process:
        ready = f"curl -sf --retry 60 --retry-all-errors --retry-delay 1 localhost:{rest}/health"
        subprocess.run(ready.split(), check=True, capture_output=True, timeout=SECONDS)
        receipt = ""
        for command, printed in steps():
            told = command.replace(RECEIPT, receipt).replace("localhost:8000", f"localhost:{rest}")
            told = re.sub(r"^housing-admin", f"{sys.executable} -m admin", told)
            done = outcome(["bash", "-c", told], env={**variables, "PATH": "/usr/bin:/bin"})
            said = done.stdout + done.stderr
            assert re.fullmatch(pattern(printed), " ".join(said.split()), re.DOTALL), (told, said)
            receipt = receipt or re.findall(r"[A-Za-z0-9_-]{240}", said)[0]
        process.signal(signal.SIGTERM)
        assert process.end()[0] == 0
