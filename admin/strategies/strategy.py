"""What a model or a preprocessing has to offer to be trained and exported.

One strategy is one file in `admin.models` or `admin.preprocessing`.
"""

import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from housing_grpc.bundle.schema import FEATURE_NAMES

from ..base.discovery import guess
from ..base.errors import UsageError
from .graph import Graph

_TRIAL_ROWS = 20


@dataclass(frozen=True, kw_only=True)
class ModelStrategy:
    """A type of model.

    Attributes:
        name: Name of its file, such as "gradient_boost".
        title: Name for people.
        summary: What tells it from the others, in a line; "" for the title alone.
        defaults: The hyperparameters that may be set, with their defaults.
        build: From all hyperparameters and a seed to an unfitted regressor that uses one
            thread and always learns the same from the same rows.
        graph: From the fitted regressor to what it computes.
        importance: From the fitted regressor to each feature's share of the importance,
            shape (13,), none negative, sum 1.
    """

    name: str
    title: str
    summary: str = ""
    defaults: Mapping[str, Any]
    build: Callable[[Mapping[str, Any], int], Any]
    graph: Callable[[Any], Graph]
    importance: Callable[[Any], NDArray[np.float64]]


@dataclass(frozen=True, kw_only=True)
class PreprocessingStrategy:
    """A way to fill missing values; what it gives is standardised afterwards.

    Attributes:
        name: Name of its file, such as "v1_median".
        title: Name for people.
        summary: What tells it from the others, in a line; "" for the title alone.
        defaults: The parameters that may be set, with their defaults.
        build: From all parameters and a seed to an unfitted imputer.
        describe: From the fitted imputer to the "imputer" object of `preprocessor.json`.
    """

    name: str
    title: str
    summary: str = ""
    defaults: Mapping[str, Any]
    build: Callable[[Mapping[str, Any], int], Any]
    describe: Callable[[Any], dict[str, Any]]


def merge(
    strategy: ModelStrategy | PreprocessingStrategy, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Lay parameters over a strategy's defaults, and try them out.

    The libraries check their parameters only when they fit, so a handful of made-up rows
    is fitted: a mistake shows before the training starts.

    Args:
        strategy: Whose parameters they are.
        given: The parameters to change, by name.

    Returns:
        Every parameter of the strategy.

    Raises:
        UsageError: A parameter is unknown, or the library refuses its value.
    """
    for name in given:
        if name not in strategy.defaults:
            known = ", ".join(strategy.defaults) or "none"
            hint = guess(name, strategy.defaults)
            raise UsageError(f"{strategy.name} has no parameter {name!r}{hint}; it has: {known}")
    params = {**strategy.defaults, **given}
    for name, value in params.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise UsageError(f"{strategy.name}: {name} is {value}; give a finite number")
    _try_out(strategy, params)
    return params


def example(strategy: ModelStrategy | PreprocessingStrategy) -> str:
    """Return a change of a parameter, NAME=VALUE, that the strategy takes; "" if it has none."""
    numbers = {
        name: value
        for name, value in strategy.defaults.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    for name, value in numbers.items():
        try:
            merge(strategy, {name: value * 2 or 1})
        except UsageError:
            continue
        return f"{name}={value * 2 or 1}"
    return "".join(f"{name}={value}" for name, value in list(strategy.defaults.items())[:1])


def shares(weights: ArrayLike) -> NDArray[np.float64]:
    """Scale weights so that they sum to 1; if none counts, all count alike.

    Args:
        weights: Shape (n,), none negative.

    Returns:
        Shape (n,).
    """
    found = np.nan_to_num(np.asarray(weights, dtype=np.float64), nan=0.0)
    total = found.sum()
    return found / total if total > 0 else np.full(found.shape, 1 / found.size)


def _try_out(strategy: ModelStrategy | PreprocessingStrategy, params: Mapping[str, Any]) -> None:
    random = np.random.default_rng(0)
    rows = random.normal(size=(_TRIAL_ROWS, len(FEATURE_NAMES)))
    try:
        with warnings.catch_warnings():
            # What a library has to say of made-up rows is of no use to anyone.
            warnings.simplefilter("ignore")
            # Above zero, as prices are: some objectives take no others.
            strategy.build(params, 0).fit(rows, np.exp(rows[:, 0]))
    except (TypeError, ValueError, ArithmeticError) as error:
        # The native libraries put a stack of their own below the first line.
        reason = str(error).strip().partition("\n")[0]
        raise UsageError(f"{strategy.name}: a parameter was refused: {reason}") from error
