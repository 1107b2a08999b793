"""The measured figures: one JSON file, `bench/results.json`, with the machine and the versions.

Every measurement writes its own part and leaves the others' as they are, so that one can
be repeated alone. Each part says when it was measured.
"""

import json
import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

PATH = Path(__file__).parent / "results.json"

_PACKAGES = (
    "grpcio", "numpy", "onnxruntime", "protobuf", "scikit-learn", "xgboost-cpu",
)  # fmt: skip


class Figure(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One measured number.

    Attributes:
        value: The median of the rounds.
        low: Their lower quartile.
        high: Their upper quartile.
        unit: Empty for a ratio.
    """

    value: float
    low: float | None = None
    high: float | None = None
    unit: str = ""


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """A curve: y over x."""

    x: list[float] = []
    y: list[float] = []

    def add(self, x: float, y: float) -> None:
        """Puts a point at its end."""
        self.x.append(x)
        self.y.append(y)


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What one measurement found.

    Attributes:
        measured: Time of day in UTC, ISO 8601.
        machine: Processor, cores, memory and system.
        figures: By name, such as "linear".
        series: By plot, then by curve.
        notes: What to know about it.
    """

    measured: str
    machine: dict[str, str]
    figures: dict[str, Figure]
    series: dict[str, dict[str, Series]] = {}
    notes: list[str] = []


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """All figures.

    Attributes:
        versions: Of Python and of the packages that matter.
        parts: By the measurement's name.
    """

    versions: dict[str, str]
    parts: dict[str, Part]


def load(path: Path = PATH) -> Results:
    """Reads the figures; there are none if there is no file yet."""
    if not path.exists():
        return Results(versions={}, parts={})
    return msgspec.json.decode(path.read_bytes(), type=Results)


def record(
    name: str,
    figures: dict[str, Figure],
    *,
    series: dict[str, dict[str, Series]] | None = None,
    notes: list[str] | None = None,
    path: Path = PATH,
) -> None:
    """Writes what a measurement found, in place of what it found before."""
    part = Part(
        measured=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=machine(),
        figures=figures,
        series=series or {},
        notes=notes or [],
    )
    parts = dict(sorted({**load(path).parts, name: part}.items()))
    results = Results(versions=versions(), parts=parts)
    text = json.dumps(_rounded(msgspec.to_builtins(results)), indent=1, ensure_ascii=False)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(text + "\n", encoding="utf-8")
    temporary.replace(path)


def tell(name: str, figures: dict[str, Figure]) -> None:
    """Prints what a measurement found, and records it."""
    for each, figure in figures.items():
        print(f"{each}: {figure.value:,.2f} {figure.unit}")
    record(name, figures)


def machine() -> dict[str, str]:
    """Returns what the figures were measured on; nothing that names the machine."""
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.machine()}",
    }


def versions() -> dict[str, str]:
    """Returns the versions of Python and of the packages that matter."""
    return {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}}


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_rounded(each) for each in value]
    return value
