"""Other languages' tools, and an example that runs through a restart of the server."""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import httpx
import msgspec
import pytest

from clients.python import HousingClient
from housing_grpc.bundle.metadata import Metadata
from tests.support import examples, waiting
from tests.support.examples import Example
from tests.support.ports import free_port
from tests.support.processes import outcome, serving

# The first build downloads what the clients depend on.
SECONDS = 2 * waiting.SECONDS
# Raw numbers of which the first server takes so many chunks a second, a thousand each, that it
# can go meanwhile.
MANY = 3_000_000
CHUNKS_A_SECOND = 200
# What each example shows in the same words, whatever its language.
HOUSES = 2500


def need(name: str, source: str, also: str | None = None, *, everywhere: bool = True) -> str:
    """Gives the path of a tool; skips the test without it, but fails it in CI.

    Args:
        name: Of the program.
        source: What to install.
        also: Folder to look in first.
        everywhere: Whether CI has to have it.
    """
    places = [also or "", os.environ.get("PATH", os.defpath)]
    found = shutil.which(name, path=os.pathsep.join(filter(None, places)))
    if found is None:
        message = f"{name} is not installed; install {source}"
        if everywhere and os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return found


def printed(command: Sequence[str | Path], folder: Path, **variables: str) -> str:
    """Runs a command that must succeed, and gives what it printed."""
    done = outcome(command, cwd=folder, env={**os.environ, **variables}, timeout=SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def contents(folder: Path) -> dict[str, str]:
    """Reads all files of a folder."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in files}


def check_example(text: str, version: str) -> None:
    """Checks what an example prints about a server of the linear bundle."""
    parts = (
        rf"info:     housing-price-model version {version} \(linear, v1_median\), predicts MEDV",
        rf"predict:  \d+\.\d\d by version {version}",
        r"filled in: .*ZN INDUS CHAS NOX AGE DIS RAD PTRATIO B",
        r"warning: Feature 'TAX' value 900 is outside training range",
        r"refused:  \w+, reason FEATURE_DOMAIN, request \S+",
        r"  house\.CHAS: is 2, but must be 0 or 1",
        r"  house\.RAD: is 1\.5, but must be a whole number",
        r"  row 1235: .*FEATURE_NOT_FINITE",
        r"sure:     \w.*interval",
        rf"score:    {HOUSES} houses in order, 1 refused, mean price \d+\.\d\d",
        rf"matrix:   100000 houses in order, mean price \d+\.\d\d, versions {version}\n",
    )
    written = re.search(r"  as JSON: (.*)\n", text)
    assert written, text
    answer = json.loads(written[1])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", answer.pop("timestamp"))
    assert isinstance(answer.pop("prediction"), float)
    assert answer == {
        "model_version": version,
        "warnings": ["Feature 'TAX' value 900 is outside training range [187, 711]"],
        "range_warnings": [{"feature": "TAX", "value": 900, "min": 187, "max": 711}],
        "imputed_features": "ZN INDUS CHAS NOX AGE DIS RAD PTRATIO B".split(),  # noqa: SIM905
    }
    for part in parts:
        assert re.search(part, text), f"{part} is not in:\n{text}"


def check_says_how_sure(text: str, target: str) -> None:
    """Checks what an example prints of a server that knows how sure it is, against our client."""
    with HousingClient(target) as client:
        found = client.predict(CRIM=0.00632, RM=6.575, LSTAT=4.98, explain=True, level=0.8)
    interval, unusual, why = found.interval, found.applicability, found.explanation
    assert interval is not None, found
    assert unusual is not None, found
    assert why is not None, found
    parts = [
        f"{each.amount:+.4f} {each.feature}{'*' if each.imputed else ''}"
        for each in why.contributions
    ]
    assert sum(each.imputed for each in why.contributions) == len(parts) - 3
    told = (
        f"{found.price:.4f}, in 0.80 of cases {interval.lower:.4f} to {interval.upper:.4f}, "
        f"p-value {unusual.p_value:.4f}, {' '.join([f'{why.base:.4f}', *parts])}"
    )
    for title in ("sure:    ", "  matrix:"):
        assert f"\n{title} {told}\n" in text, f"{told} is not in:\n{text}"


def check_says_in_one_line(command: Sequence[str], folder: Path) -> None:
    """Checks that an example which finds no server says so, and no more.

    Args:
        command: Runs an example; {target} in it stands for whom it is to ask.
        folder: Where to run it.
    """
    target = f"127.0.0.1:{free_port()}"
    filled = [part.format(target=target) for part in command]
    done = outcome(filled, cwd=folder, timeout=SECONDS)
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert done.stderr.startswith(f"{target}: "), done.stderr
    assert "refused" in done.stderr.lower(), done.stderr
    assert done.stderr.count("\n") == 1, done.stderr


def check_survives_restart(
    command: Sequence[str], folder: Path, bundle: Example, scratch: Path
) -> None:
    """Kills the server in mid-stream and starts another: no row may be lost or come twice.

    Args:
        command: Runs an example; {target} and {rows} in it stand for what it is to be told.
        folder: Where to run it.
        bundle: Served at first. What comes next is the same model by another version.
        scratch: Where that can be written.
    """
    next_version = examples.rewrite(bundle.folder, scratch / "next", change=_renumbered)[:12]
    port = str(free_port())
    filled = [part.format(target=f"localhost:{port}", rows=MANY) for part in command]
    slow = {"RATE_LIMIT_PER_SECOND": str(CHUNKS_A_SECOND)}
    with serving(bundle.folder, GRPC_PORT=port, **slow) as server:
        metrics = server.event("server.serving")["metrics_port"]
        example = subprocess.Popen(filled, cwd=folder, stdout=subprocess.PIPE, text=True)
        _wait_for_prices(f"http://127.0.0.1:{metrics}/metrics", example)
        server.popen.kill()
        server.popen.wait()
    with example, serving(scratch / "next", GRPC_PORT=port) as server:
        server.event("server.serving")
        rest, _ = example.communicate(timeout=SECONDS)
    assert example.returncode == 0, rest
    versions = f"{bundle.version} {next_version}"
    expected = rf"matrix:   {MANY} houses in order, mean price \d+\.\d\d, versions {versions}\n"
    assert re.search(expected, rest), rest


def _wait_for_prices(url: str, example: subprocess.Popen[str]) -> None:
    """Waits until a server has priced the houses and some of the raw numbers."""
    until = time.monotonic() + SECONDS
    while example.poll() is None and time.monotonic() < until:
        page = httpx.get(url, timeout=SECONDS, trust_env=False).text
        (priced,) = re.findall(r"^prediction_values_count (\S+)$", page, re.MULTILINE)
        if float(priced) > 4 * HOUSES:
            return
        time.sleep(0.1)
    raise AssertionError("the raw numbers do not come")


def _renumbered(metadata: Metadata) -> Metadata:
    return msgspec.structs.replace(metadata, run_id="another-run")
