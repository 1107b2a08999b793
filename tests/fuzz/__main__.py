"""Fuzzes one target: `python -m tests.fuzz requests --seconds 60`."""

import argparse
import importlib
import importlib.util
import logging
import random
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

TARGETS = {
    "requests": ("tests.fuzz.requests", "Requests"),
    "tensors": ("tests.fuzz.tensors", "Tensors"),
    "documents": ("tests.fuzz.documents", "Documents"),
    "v2": ("tests.fuzz.dialects", "OverTensors"),
    "v1": ("tests.fuzz.dialects", "Instances"),
    "invocations": ("tests.fuzz.dialects", "Invocations"),
    "heads": ("tests.fuzz.heads", "Heads"),
    "metadata": ("tests.fuzz.bundles", "MetadataFile"),
    "preprocessor": ("tests.fuzz.bundles", "PreprocessorFile"),
    "graph": ("tests.fuzz.graphs", "GraphFile"),
    "folder": ("tests.fuzz.folders", "Folder"),
    "registry": ("tests.fuzz.registry", "Answers"),
}
MISSING = "atheris is not installed; `make fuzz` installs it"
WORK = Path("var/fuzz")
# Room for a batch, small enough for many a second.
LONGEST = {
    "requests": 2048, "tensors": 2048, "documents": 2048, "v2": 2048, "v1": 2048,
    "invocations": 2048, "heads": 32768, "metadata": 65536,
    "preprocessor": 16384, "graph": 8192, "folder": 32768, "registry": 32768,
}  # fmt: skip
# This share of inputs is made without knowing what they are.
_BLIND = 0.5


def make(name: str, stack: ExitStack) -> Any:
    """Returns a target; what it needs ends with the stack."""
    module, kind = TARGETS[name]
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    return getattr(importlib.import_module(module), kind)(stack, folder)


def main(arguments: Sequence[str]) -> int:
    """Fuzzes for a while, or runs the inputs of files; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seconds", type=int, default=60, help="how long; 60 by default")
    parser.add_argument(
        "--seed", type=int, default=0, help="of chance; another each time by default"
    )
    parser.add_argument("--replay", type=Path, nargs="+", default=[], help="files to run instead")
    chosen = parser.parse_args(arguments)
    with ExitStack() as stack:
        if chosen.replay:
            target = make(chosen.target, stack)
            for file in chosen.replay:
                target(file.read_bytes())
            return 0
        return _fuzz(chosen.target, chosen.seconds, chosen.seed, stack)


def _fuzz(name: str, seconds: int, seed: int, stack: ExitStack) -> int:
    if importlib.util.find_spec("atheris") is None:
        sys.stderr.write(f"{MISSING}\n")
        return 1
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["housing_grpc"]):
        target = make(name, stack)
    logging.disable(logging.CRITICAL)
    corpus = WORK / name / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for place, real in enumerate(target.seeds()):
        (corpus / f"seed-{place}").write_bytes(real)

    def mutate(data: bytes, longest: int, seed: int) -> bytes:
        chance = random.Random(seed)
        if chance.random() < _BLIND:
            found: bytes = atheris.Mutate(data, longest)
            return found
        return bytes(target.mutant(data, chance)[:longest])

    atheris.Setup(
        _flags(name, seconds, seed, corpus), _reporting(name, target), custom_mutator=mutate
    )
    # Ends the process.
    atheris.Fuzz()
    return 0


def _flags(name: str, seconds: int, seed: int, corpus: Path) -> list[str]:
    return [
        name,
        f"-max_total_time={seconds}",
        f"-seed={seed}",
        f"-max_len={LONGEST[name]}",
        f"-artifact_prefix={corpus.parent}/",
        "-timeout=30",
        "-print_final_stats=1",
        "-verbosity=1",
        str(corpus),
    ]


def _reporting(name: str, target: Callable[[bytes], None]) -> Callable[[bytes], None]:
    def run(data: bytes) -> None:
        try:
            target(data)
        except BaseException:
            sys.stderr.write(f"{name} fails with {data!r}\nRun it again with --replay FILE.\n")
            raise

    return run


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
