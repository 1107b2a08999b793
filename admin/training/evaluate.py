"""Measures how well a training predicts, without MLflow.

What goes in and what comes out are plain values, which can travel to another process or
machine and back.
"""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass

from ..data.dataset import Dataset, load
from .pipeline import pipeline_of
from .scores import CrossValidation, HoldOut, cross_validate, hold_out
from .spec import TrainingSpec


@dataclass(frozen=True, kw_only=True, eq=False)
class Evaluation:
    """What a training was found to be worth.

    Attributes:
        spec: What was trained, with every hyperparameter.
        hold_out: Scores on rows held out.
        cross_validation: Scores of the folds, or None if there were none.
        data_file: Name of the data file.
        data_digest: SHA-256 of that file.
        target_unit: Unit of prices and errors.
        rows: How many there were.
        warnings: About the data, one line each.
        accepted: What is in doubt of its columns, and was accepted; one line each.
    """

    spec: TrainingSpec
    hold_out: HoldOut
    cross_validation: CrossValidation | None
    data_file: str
    data_digest: str
    target_unit: str
    rows: int
    warnings: tuple[str, ...]
    accepted: tuple[str, ...] = ()

    @property
    def metrics(self) -> dict[str, float]:
        """Every score by the name it is logged under; those without meaning are left out."""
        scores = asdict(self.hold_out.scores)
        cv = self.cross_validation
        if cv is not None:
            scores |= {f"cv_{name}": value for name, value in asdict(cv.mean).items()}
            scores |= {f"cv_{name}_std": value for name, value in asdict(cv.std).items()}
        return {name: value for name, value in scores.items() if not math.isnan(value)}


def load_data(spec: TrainingSpec) -> Dataset:
    """Load the data of a specification.

    Raises:
        DataError: It cannot be used.
    """
    return load(spec.data, target_unit=spec.target_unit, accept=spec.accept)


def evaluate(
    spec: TrainingSpec, dataset: Dataset, step: Callable[[str], None] = lambda _: None
) -> Evaluation:
    """Score a complete specification on rows held out and, if asked for, on folds.

    Args:
        spec: What to train.
        dataset: The rows.
        step: Called with what begins, before each fit.

    Raises:
        UsageError: The share held out or the number of folds is out of range.
    """
    pipeline = pipeline_of(spec)
    step("hold-out")
    held = hold_out(pipeline, dataset, test_size=spec.test_size, seed=spec.seed)
    folds = None
    if spec.cv is not None:
        step(f"fold 1 of {spec.cv}")
        folds = cross_validate(
            pipeline,
            dataset,
            folds=spec.cv,
            seed=spec.seed,
            on_fold=lambda done, of: step(f"fold {done + 1} of {of}") if done < of else None,
        )
    return Evaluation(
        spec=spec,
        hold_out=held,
        cross_validation=folds,
        data_file=spec.data.name,
        data_digest=dataset.digest,
        target_unit=dataset.target_unit,
        rows=len(dataset.target),
        warnings=dataset.warnings,
        accepted=dataset.accepted,
    )
