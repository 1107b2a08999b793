"""Describes a training, without importing what it takes to do it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DEFAULT_MODEL = "xgboost"
DEFAULT_PREPROCESSING = "v2_knn"
DEFAULT_SEED = 42
DEFAULT_FOLDS = 5
DEFAULT_TEST_SIZE = 0.2
BUNDLE_FORMAT = 2

_DATA = Path("data") / "HousingData.csv"


@dataclass(frozen=True, kw_only=True)
class TrainingSpec:
    """One training, fully described.

    Attributes:
        model: Type of model.
        preprocessing: How missing values are filled.
        params: Hyperparameters of the model; those not named keep their defaults.
        preprocessing_params: Likewise of the preprocessing.
        data: CSV or Parquet file.
        accept: Columns of it that are taken as they are, however they look.
        target_unit: Unit of the target, or None to guess it from its size.
        seed: Decides all that is random.
        cv: Number of folds of the cross-validation, or None for none.
        test_size: Share of the rows held out for the first scores.
        bundle_format: Layout of the bundle.
        neighbours: Whether the bundle may hold training rows, or centres of them, to find out
            by how unusual a house is.
    """

    model: str = DEFAULT_MODEL
    preprocessing: str = DEFAULT_PREPROCESSING
    params: Mapping[str, Any] = field(default_factory=dict)
    preprocessing_params: Mapping[str, Any] = field(default_factory=dict)
    data: Path
    accept: tuple[str, ...] = ()
    target_unit: str | None = None
    seed: int = DEFAULT_SEED
    cv: int | None = None
    test_size: float = DEFAULT_TEST_SIZE
    bundle_format: int = BUNDLE_FORMAT
    neighbours: bool = True

    @property
    def title(self) -> str:
        """Model and preprocessing, for people."""
        return f"{self.model} x {self.preprocessing}"

    @property
    def described(self) -> str:
        """What is trained and how it is measured, in a sentence."""
        folds = f"{self.cv} folds and from " if self.cv else ""
        return (
            f"{self.title} on {self.data.name} with seed {self.seed}; scores are from {folds}"
            f"{self.test_size:.0%} of the rows, held out."
        )

    @property
    def changes(self) -> str:
        """What is set otherwise than by default, as flags take it; "" for nothing."""
        given = {**self.params, **self.preprocessing_params}
        return ", ".join(f"{name}={value}" for name, value in given.items())

    @property
    def label(self) -> str:
        """Title and changes."""
        return f"{self.title} {self.changes}".rstrip()


def default_data() -> Path:
    """Return the shipped data: below the working folder, or else beside the code."""
    beside = Path(__file__).resolve().parents[2] / _DATA
    return beside if beside.exists() and not _DATA.exists() else _DATA
