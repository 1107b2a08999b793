"""`python -m bench [NAME ...]`: runs the named measurements, or all of MEASUREMENTS."""

import sys
from importlib import import_module

MEASUREMENTS = (
    "accuracy",
    "evaluate",
    "start",
    "stream",
    "stream_memory",
    "rest",
    "metrics_cost",
    "reload",
)


def main(names: list[str]) -> int:
    """Runs the named measurements; returns the exit code, 1 if a goal was missed."""
    unknown = [name for name in names if name not in MEASUREMENTS]
    if unknown:
        print(f"there is no {unknown[0]}; there are: {', '.join(MEASUREMENTS)}", file=sys.stderr)
        return 2
    reached = [import_module(f"bench.{name}").main() for name in names or MEASUREMENTS]
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
