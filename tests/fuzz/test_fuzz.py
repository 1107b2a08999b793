"""Random input at every boundary: briefly and the same each time, or for long with `make fuzz`."""

import importlib.util
import os
import random
import subprocess
import sys
from contextlib import ExitStack

import pytest

from tests.fuzz.__main__ import MISSING, TARGETS, make
from tests.support.processes import ROOT

SECONDS = int(os.environ.get("FUZZ_SECONDS", "60"))
SEED = os.environ.get("FUZZ_SEED", "0")
MUTANTS = 40


@pytest.mark.parametrize("name", TARGETS)
def test_real_input_and_what_is_near_it(name: str) -> None:
    with ExitStack() as stack:
        target = make(name, stack)
        for seed in target.seeds():
            target(seed)
            chance = random.Random(seed)
            for _ in range(MUTANTS):
                target(target.mutant(seed, chance))


@pytest.mark.fuzz
@pytest.mark.timeout(SECONDS + 1800)
@pytest.mark.parametrize("name", TARGETS)
def test_fuzz(name: str) -> None:
    if importlib.util.find_spec("atheris") is None:
        pytest.skip(MISSING)
    command = [sys.executable, "-m", "tests.fuzz", name, "--seconds", str(SECONDS), "--seed", SEED]
    ran = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False
    )
    assert ran.returncode == 0, ran.stderr[-8000:]
