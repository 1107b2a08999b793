"""Puts two versions side by side: what each was trained on and how, and what it is worth."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..base.errors import ExportError
from ..base.settings import Settings
from ..data import dataset as data
from ..data.dataset import Dataset
from ..data.slices import parts
from ..export.reading import between, prices
from ..tracking.mlflow_client import Client
from ..tracking.records import find_version
from ..tracking.tags import DATA_FILE_TAG
from ..tracking.training_command import data_file
from ..training.recipe_of_bundle import UnknownRecipeError, accepted
from .price_changes import bundle_of
from .side_by_side import Compared, Part, Side, Slices

STEPS = 3
"""How many steps `compare` announces."""

_EVERYTHING = "all"

Step = Callable[[str], None]
Numbers = NDArray[np.float64]


def compare(
    client: Client,
    settings: Settings,
    numbers: tuple[int, int],
    *,
    houses: Path | None = None,
    step: Step = lambda _: None,
) -> Compared:
    """Put two versions side by side. Nothing is changed, and nothing is trained.

    Args:
        client: MLflow.
        settings: Names the registered model.
        numbers: Of the versions.
        houses: File to price with both; None for what one of them was trained on.
        step: Called with what begins.

    Raises:
        RegistryError: There is no such version, or MLflow does not answer.
        ExportError: A bundle cannot be used.
        DataError: The file cannot be used.
    """
    first, second = (_side(client, settings, number, step) for number in numbers)
    step("price the same houses")
    if first.unit != second.unit:
        missing = (
            f"version {numbers[0]} prices in {first.unit} and version {numbers[1]} in"
            f" {second.unit}, so their prices cannot be compared"
        )
        return Compared(sides=(first, second), slices=None, difference=None, missing=missing)
    file = houses or second.data_file or first.data_file
    return Compared(
        sides=(first, second),
        slices=_slices(first, second, file) if file else None,
        difference=between(first.bundle, second.bundle),
        missing=""
        if file
        else "the data of neither version is here; name houses to price: --data FILE",
    )


def _side(client: Client, settings: Settings, number: int, step: Step) -> Side:
    step(f"fetch and try version {number}")
    location = settings.location
    version = find_version(client.versions(location.model_name), location, number)
    bundle = bundle_of(settings, number)
    metadata = bundle.metadata
    run = client.run(metadata.run_id) if metadata.run_id else None
    tags = run.tags if run else {}
    return Side(
        version=version,
        bundle=bundle,
        metrics={**(run.metrics if run else {}), **metadata.metrics},
        data_name=version.data or tags.get(DATA_FILE_TAG, ""),
        data_file=data_file(metadata.data_digest, tags),
    )


def _slices(first: Side, second: Side, file: Path) -> Slices:
    columns = {*_accepted(first), *_accepted(second)}
    houses = data.load(file, target_unit=first.unit, accept=tuple(sorted(columns)))
    masks = {_EVERYTHING: np.ones(len(houses.target), dtype=bool), **parts(houses, 1)}
    one, other = (_squares(side, houses) for side in (first, second))
    return Slices(
        file=file.name,
        digest=houses.digest,
        rows=len(houses.target),
        fitted=tuple(
            side.version.number
            for side in (first, second)
            if side.bundle.metadata.data_digest == houses.digest
        ),
        parts=tuple(
            Part(name=name, rows=int(mask.sum()), rmse=(_root(one[mask]), _root(other[mask])))
            for name, mask in masks.items()
        ),
    )


def _accepted(side: Side) -> tuple[str, ...]:
    try:
        return accepted(side.params)
    except UnknownRecipeError as error:
        raise ExportError(f"version {side.version.number}: {error}") from error


def _squares(side: Side, houses: Dataset) -> Numbers:
    found = prices(side.bundle, houses.features.to_numpy(dtype=np.float64))
    return np.asarray((found - houses.target.to_numpy()) ** 2)


def _root(squares: Numbers) -> float:
    return float(np.sqrt(squares.mean()))
