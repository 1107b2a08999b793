"""How many processors this process may use."""

import math
import os
from pathlib import Path

# Of cgroup v2, as a container sees its own: "MICROSECONDS PERIOD", or "max PERIOD".
_LIMIT = Path("/sys/fs/cgroup/cpu.max")


def usable(limit: Path = _LIMIT) -> int:
    """Returns the number of processors, at least 1.

    Args:
        limit: The file with the time that the container may use.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    return max(1, min(allowed, _quota(limit) or allowed))


def _quota(limit: Path) -> int | None:
    try:
        microseconds, period = limit.read_text().split()
        return math.ceil(int(microseconds) / int(period))
    except (OSError, ValueError):  # There is no limit, or no such file.
        return None
