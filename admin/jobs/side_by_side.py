"""Two versions side by side, as JSON has them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..export.reading import Bundle, Difference
from ..tracking.records import Version
from .price_changes import document

_SCORES = ("rmse", "mae", "r2", "mape")


@dataclass(frozen=True, kw_only=True, eq=False)
class Side:
    """One of the two versions.

    Attributes:
        version: What the registry says of it.
        bundle: Which has answered its golden rows.
        metrics: All that was measured in training, by name.
        data_name: Name of the file that it was trained on, or "".
        data_file: That file, or None if it is not here.
    """

    version: Version
    bundle: Bundle
    metrics: Mapping[str, float]
    data_name: str
    data_file: Path | None

    @property
    def unit(self) -> str:
        """Of its prices."""
        return self.bundle.metadata.target.unit

    @property
    def rows(self) -> int:
        """How many houses it was trained on."""
        feature = self.bundle.metadata.features[0]
        return sum(feature.histogram.counts) + feature.missing_count

    @property
    def params(self) -> Mapping[str, object]:
        """All that its training set."""
        return self.bundle.metadata.params

    def score(self, name: str) -> dict[str, float | None]:
        """Return a score and its standard deviation between the folds; None if not measured."""
        return {"value": self.metrics.get(name), "std": self.metrics.get(f"{name}_std")}

    @property
    def document(self) -> dict[str, Any]:
        """All but scores and parameters."""
        version, metadata = self.version, self.bundle.metadata
        interval = metadata.interval
        return {
            "version": str(version.number),
            "aliases": version.aliases,
            "gate": version.gate or None,
            "created": version.created,
            "model_type": metadata.model_type,
            "preprocessing": metadata.preprocessing,
            "unit": self.unit,
            "bundle_digest": str(self.bundle.digest),
            "data": {
                "file": self.data_name or None,
                "digest": metadata.data_digest,
                "rows": self.rows,
            },
            "interval": interval
            and {
                "coverage": interval.coverage,
                "coverage_error": interval.coverage_error,
                "town_coverage": interval.town_coverage,
                "width": interval.width,
                "winkler": interval.winkler,
            },
        }


@dataclass(frozen=True, kw_only=True)
class Part:
    """How both do on a part of the houses.

    Attributes:
        name: Of the part.
        rows: How many houses it has.
        rmse: Of the one and of the other, in the target's unit.
    """

    name: str
    rows: int
    rmse: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Slices:
    """How both do on parts of a file of houses.

    Attributes:
        file: Name of the file.
        digest: SHA-256 of it.
        rows: How many houses it has.
        fitted: The versions that were fitted to these very houses.
        parts: The parts, all houses first.
    """

    file: str
    digest: str
    rows: int
    fitted: tuple[int, ...]
    parts: tuple[Part, ...]

    @property
    def document(self) -> dict[str, Any]:
        """All of it."""
        return {
            "data": {"file": self.file, "digest": self.digest, "rows": self.rows},
            "fitted": [str(each) for each in self.fitted],
            "parts": [
                {"name": part.name, "rows": part.rows, "a": part.rmse[0], "b": part.rmse[1]}
                for part in self.parts
            ],
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class Compared:
    """Two versions side by side.

    Attributes:
        sides: The one and the other.
        slices: How both do on parts of the houses, or None.
        difference: How their prices differ over their golden rows, or None.
        missing: Why one of these is None, and what to do; "" if neither is.
    """

    sides: tuple[Side, Side]
    slices: Slices | None
    difference: Difference | None
    missing: str = ""

    @property
    def parameters(self) -> dict[str, tuple[object, object]]:
        """What their trainings set differently, by name; None where one did not set it."""
        one, other = (side.params for side in self.sides)
        names = sorted({*one, *other})
        return {
            name: (one.get(name), other.get(name))
            for name in names
            if one.get(name) != other.get(name)
        }

    @property
    def scores(self) -> list[dict[str, Any]]:
        """Each score that one of them has: over the folds (`cv_`), and on the rows held out."""
        names = [f"{prefix}{score}" for prefix in ("cv_", "") for score in _SCORES]
        return [
            {"name": name, "a": self.sides[0].score(name), "b": self.sides[1].score(name)}
            for name in names
            if any(name in side.metrics for side in self.sides)
        ]

    @property
    def document(self) -> dict[str, Any]:
        """All of it."""
        parameters = self.parameters.items()
        return {
            "a": self.sides[0].document,
            "b": self.sides[1].document,
            "scores": self.scores,
            "parameters": [
                {"name": name, "a": one, "b": other} for name, (one, other) in parameters
            ],
            "slices": self.slices and self.slices.document,
            "prices": self.difference and document(self.difference),
            "missing": self.missing or None,
        }
