"""`python -m bench [NAME ...]`: runs the named measurements, or all that `make bench` does.

`python -m bench table [FILE]` renders what was measured, `python -m bench plots` draws it.
"""

import sys
from collections.abc import Sequence
from importlib import import_module

# Less than a quarter of an hour together.
USUAL = (
    "throughput", "blanks", "stream", "start", "overload", "reload", "profile", "rest",
)  # fmt: skip
# Longer, or for one question only.
OTHERS = (
    "accuracy", "blackhole", "challenger", "chunks", "concurrency", "detector", "dialects",
    "evaluate", "explain", "feedback", "flood", "gate", "gate_times", "growth", "honest", "http",
    "intervals", "keys", "metrics_cost", "oip", "peers", "receipt", "registry", "retrain",
    "rollback", "shadow", "size", "stream_memory", "workers",
)  # fmt: skip
RENDERERS = ("table", "plots")


def main(arguments: Sequence[str]) -> int:
    """Runs what is named; returns the exit code, 1 if a goal was missed."""
    if arguments and arguments[0] in RENDERERS:
        return 0 if import_module(f"bench.{arguments[0]}").main(arguments[1:]) else 1
    unknown = [name for name in arguments if name not in USUAL + OTHERS]
    if unknown:
        known = ", ".join(USUAL + OTHERS + RENDERERS)
        print(f"there is no {unknown[0]}; there are: {known}", file=sys.stderr)
        return 2
    reached = [_run(name) for name in arguments or USUAL]
    return 0 if all(reached) else 1


def _run(name: str) -> bool:
    print(f"\n## {name}\n", flush=True)
    reached: bool = import_module(f"bench.{name}").main()
    return reached


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
