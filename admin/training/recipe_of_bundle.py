"""Says how a bundle was trained, from what it says of itself."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..base.errors import AdminError, UsageError
from ..base.options import column_names
from .pipeline import complete
from .spec import TrainingSpec

# Of trees or rounds: each is fitted dozens of times, and a forest is set up before its first tree.
_COUNTS = ("model.n_estimators", "preprocessing.max_iter")
_MOST = 10_000
# Those of all columns take less.
_LONGEST_NAMES = 1000


class UnknownRecipeError(AdminError):
    """It cannot be told, or not be trained any more, how a bundle was trained."""


def recipe_of(
    params: Mapping[str, object], data: Path, *, target_unit: str | None = None
) -> TrainingSpec:
    """Return the specification that a bundle records, with every hyperparameter.

    Args:
        params: That it records.
        data: To train on.
        target_unit: Of its prices, or None to guess it from their size.

    Raises:
        UnknownRecipeError: They are not all there, or this code does not take them.
    """
    model, preprocessing, seed = (params.get(key) for key in ("model", "preprocessing", "seed"))
    named = isinstance(model, str) and isinstance(preprocessing, str)
    if not named or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise UnknownRecipeError("its bundle does not say how it was trained")
    for name in _COUNTS:
        count = params.get(name)
        # guard: a recipe that never ends, or takes all memory
        if isinstance(count, int | float) and not count <= _MOST:
            raise UnknownRecipeError(
                f"its recipe has {name.partition('.')[2]}={count}, and at most {_MOST:,} are"
                " trained for a comparison"
            )
    try:
        return complete(
            TrainingSpec(
                model=str(model),
                preprocessing=str(preprocessing),
                params=_below("model.", params),
                preprocessing_params=_below("preprocessing.", params),
                data=data,
                accept=accepted(params),
                target_unit=target_unit,
                seed=seed,
                neighbours=not params.get("no_neighbours"),
            )
        )
    except AdminError as error:
        raise UnknownRecipeError(f"its recipe cannot be trained here: {error}") from error


def accepted(params: Mapping[str, object]) -> tuple[str, ...]:
    """Return the columns that a training took as they are.

    Raises:
        UnknownRecipeError: One is no column of the data.
    """
    names = params.get("accept")
    if not isinstance(names, str):
        return ()
    if len(names) > _LONGEST_NAMES:
        raise UnknownRecipeError("its bundle names more columns to accept than there are")
    try:
        return column_names(names, "accept")
    except UsageError as error:  # It was the bundle that named them, not whoever asks.
        raise UnknownRecipeError(f"what its bundle says of columns to accept: {error}") from error


def _below(prefix: str, params: Mapping[str, object]) -> dict[str, Any]:
    return {
        name.removeprefix(prefix): value
        for name, value in params.items()
        if name.startswith(prefix)
    }
