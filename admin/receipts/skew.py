"""Compares prices that were served with those of the training's own pipeline, and of the bundle."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from housing_grpc.bundle import schema
from housing_grpc.bundle.schema import FEATURE_NAMES

from ..base.errors import AdminError, DataError
from ..base.settings import Settings
from ..export import Metadata
from ..export.reading import Bundle, prices
from ..jobs.price_changes import bundle_of
from ..tracking.records import Records
from ..tracking.training_command import data_file, given_file
from ..training.evaluate import load_data
from ..training.pipeline import pipeline_of
from ..training.recipe_of_bundle import recipe_of
from .opening import Fault, Opened, rows_of

TOLERANCE = 1e-4
"""Most that two prices may differ by, in the target's unit."""

_DIGITS = 12
_Step = Callable[[str], None]
_Prices = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Largest:
    """How far served prices are from other ones, in the target's unit.

    Attributes:
        size: Of the largest difference.
        at: The receipt that has it.
        above: How many differ by more than `TOLERANCE`.
    """

    size: float
    at: Opened
    above: int

    @property
    def document(self) -> dict[str, Any]:
        """All of it, as JSON has it."""
        return {"largest": self.size, "above": self.above, "receipt": self.at.document}


@dataclass(frozen=True, kw_only=True)
class Skew:
    """What receipts of one version say of it.

    Attributes:
        version: Its number.
        receipts: How many there are.
        bundle: How far the bundle is from what was served.
        pipeline: How far the fitted pipeline is.
        other_schema: How many receipts name another schema than the bundle has.
    """

    version: int
    receipts: int
    bundle: Largest
    pipeline: Largest
    other_schema: int

    @property
    def passed(self) -> bool:
        """Whether there is no difference that counts."""
        return not (self.bundle.above or self.pipeline.above or self.other_schema)

    @property
    def document(self) -> dict[str, Any]:
        """All of it, as JSON has it."""
        return {
            "version": str(self.version),
            "receipts": self.receipts,
            "passed": self.passed,
            "bundle": self.bundle.document,
            "pipeline": self.pipeline.document,
            "other_schema": self.other_schema,
        }


def skew(
    records: Records,
    settings: Settings,
    found: Mapping[int, Sequence[Opened]],
    *,
    data: Path | None = None,
    step: _Step = lambda _: None,
) -> tuple[list[Skew], list[Fault]]:
    """Answer houses again with the bundle, and with the pipeline that its recipe gives.

    Args:
        records: Of the runs.
        settings: Name the registered model, and how large its bundles may be.
        found: The receipts of each version.
        data: What they were trained on; None for where each was trained.
        step: Called with what begins, twice for each version.

    Returns:
        What is found of each version, and the receipts of those that cannot be trained again.
    """
    told: list[Skew] = []
    faults: list[Fault] = []
    for number, opened in sorted(found.items()):
        step(f"fetch and try version {number}")
        try:
            bundle = bundle_of(settings, number)
            step(f"train version {number} again")
            pipeline = _fitted(records, number, bundle.metadata, data)
            told.append(_skew(number, opened, bundle, pipeline))
        except AdminError as error:
            faults += [Fault(place=each.place, error=error, opened=each) for each in opened]
    return told, faults


def _fitted(records: Records, number: int, metadata: Metadata, data: Path | None) -> Pipeline:
    file = _data(records, number, metadata, data)
    recipe = {
        **metadata.params,
        "model": metadata.model_type,
        "preprocessing": metadata.preprocessing,
    }
    spec = recipe_of(recipe, file, target_unit=metadata.target.unit)
    dataset = load_data(spec)
    return pipeline_of(spec).fit(dataset.features, dataset.target)


def _data(records: Records, number: int, metadata: Metadata, given: Path | None) -> Path:
    digest = metadata.data_digest
    if given is not None:
        return given_file(given, digest, number)
    run = records.run(metadata.run_id) if metadata.run_id else None
    file = data_file(digest, run.tags if run else {})
    if file is None:
        raise DataError(
            f"what version {number} was trained on, with the SHA-256 {digest[:_DIGITS]}..., is not"
            " here; name it with --data FILE"
        )
    return file


def _skew(number: int, opened: Sequence[Opened], bundle: Bundle, pipeline: Pipeline) -> Skew:
    rows = rows_of(opened)
    target = bundle.metadata.target
    mine = schema.digest(target.name, target.unit)
    trained = np.asarray(pipeline.predict(pd.DataFrame(rows, columns=list(FEATURE_NAMES))))
    return Skew(
        version=number,
        receipts=len(opened),
        bundle=_largest(opened, prices(bundle, rows)),
        pipeline=_largest(opened, trained),
        other_schema=sum(not mine.startswith(each.receipt.model.schema) for each in opened),
    )


def _largest(opened: Sequence[Opened], found: _Prices) -> Largest:
    sizes = np.abs(found - np.array([each.receipt.price for each in opened]))
    # Written so that a NaN counts.
    above = ~(sizes <= TOLERANCE)
    place = int(np.argmax(np.where(np.isnan(sizes), np.inf, sizes)))
    return Largest(size=float(sizes[place]), at=opened[place], above=int(above.sum()))
